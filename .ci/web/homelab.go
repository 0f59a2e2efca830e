package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// scene is a page over a watched folder.
type scene struct {
	*page
	w   *watched
	o   options
	out string
}

// homelab is everything but the numbers, on the example.
func homelab(ctx context.Context, o options, b *browser, r *report) error {
	s, done, err := newScene(ctx, o, b, filepath.Base(o.example), func(dir string) error { return copyFolder(o.example, dir) })
	if err != nil {
		return err
	}
	defer done()
	for _, c := range []struct {
		what string
		do   func() error
	}{
		{"the picture has the homelab's parts, each once, joined by edges", s.picture},
		{"an edit changes picture, list and objects without a reload", s.edited},
		{"a broken spec shows its line, caret and fix, and keeps the last good picture", s.broken},
		{"fixed, the problem is gone", s.fixed},
		{"by keyboard alone, with the focus in sight: skip link, picture, an object's YAML", s.keyboard},
		{"environments stand side by side, what differs is marked", s.sideBySide},
		{"names and values are inert", s.inert},
		{"light and dark differ, and both have a contrast of 4.5 or more", s.schemes},
		{"on a phone nothing scrolls sideways, two environments fit", s.phone},
		{"who wants less motion gets none", s.still},
		{"no errors in the console", s.quiet},
		{"no request to anywhere else", s.local},
		{"after a restart the page comes back by itself, with what changed meanwhile", func() error { return s.restart(ctx) }},
		{"SIGTERM ends the watch, open streams or not", s.w.stop},
	} {
		r.check(c.what, c.do())
	}
	return nil
}

func newScene(ctx context.Context, o options, b *browser, name string, fill func(dir string) error) (*scene, func(), error) {
	temp, err := os.MkdirTemp("", "onggi-web-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { _ = os.RemoveAll(temp) }
	s := &scene{o: o, out: filepath.Join(temp, "out")}
	dir := filepath.Join(temp, name)
	if err = fill(dir); err == nil {
		s.w, err = watch(ctx, o.onggi, dir, s.out, "127.0.0.1:0")
	}
	if err == nil {
		s.page, err = b.newPage()
	}
	if err == nil {
		err = errors.Join(s.look(1280, 900, 1, false, "light", "no-preference"), s.open(s.w.url))
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return s, func() {
		s.shut()
		_ = s.w.cmd.Process.Kill() // it has ended, or a check said why not
		remove()
	}, nil
}

func (s *scene) shot(name string) error {
	if s.o.shots == "" {
		return nil
	}
	return s.shoot(filepath.Join(s.o.shots, name+".png"), false)
}

// text is what an element shows.
func (s *scene) text(selector string) (string, error) {
	var text string
	err := s.eval(fmt.Sprintf("document.querySelector(%q)?.textContent ?? ''", selector), &text)
	return text, err
}

func (s *scene) contains(selector string, words ...string) error {
	text, err := s.text(selector)
	for _, word := range words {
		if !strings.Contains(text, word) {
			err = errors.Join(err, fmt.Errorf("%s has no %q: %.300s", selector, word, text))
		}
	}
	return err
}

const lemon = "document.querySelector('#canvas [data-node=store]')"

func (s *scene) picture() error {
	if err := s.wait("the picture", lemon); err != nil {
		return err
	}
	var nodes []string
	if err := s.eval("[...document.querySelectorAll('#canvas .node')].map(n => n.dataset.node)", &nodes); err != nil {
		return err
	}
	for _, want := range []string{"cluster", "primary", "standby-1", "standby-2", "service:lemon-lb", "service:lemon-rw", "service:lemon-ro", "service:lemon-r",
		"schedule:daily", "store", "secret:superuser-secrets", "secret:aws-secrets", "monitor:lemon", "alerts:lemon-alerts", "dashboard"} {
		if !slices.Contains(nodes, want) {
			return fmt.Errorf("no node %s among %v", want, nodes)
		}
	}
	slices.Sort(nodes)
	if len(slices.Compact(slices.Clone(nodes))) != len(nodes) {
		return fmt.Errorf("a node is there twice: %v", nodes)
	}
	var edges int
	if err := s.eval("document.querySelectorAll('#canvas .edge').length", &edges); err != nil || edges < 8 {
		return fmt.Errorf("%d edges: %w", edges, err)
	}
	return errors.Join(s.contains("#canvas [data-node='service:lemon-lb']", "192.168.0.206"), s.contains("#canvas [data-node=store]", "kept 90 days"),
		s.contains("#canvas [data-node='secret:aws-secrets']", "sealed", "read by ObjectStore lemon"), s.shot("desktop-light"))
}

func (s *scene) edited() error {
	if err := s.eval("window.same = true", nil); err != nil {
		return err
	}
	if err := s.w.edit("lemon.yaml", "instances: 3", "instances: 4", "retention: 90d", "retention: 30d"); err != nil {
		return err
	}
	return errors.Join(
		s.wait("the edit", "document.querySelector('#canvas [data-node=standby-3]') && document.querySelector('#canvas [data-node=store]').textContent.includes('kept 30 days')"),
		s.contains("#moves", "spec.instances", "3", "4", "spec.retentionPolicy", `"90d"`, `"30d"`),
		s.wait("the moved mark", "document.querySelector('#canvas .moved') && document.querySelector('#objects-list .badge.moved')"),
		s.wait("the same page", "window.same === true"), s.contains("#announce", "moved"), s.shot("desktop-edit"), s.shotForReadme(),
	)
}

func (s *scene) broken() error {
	if err := s.w.edit("lemon.yaml", "size: 10Gi", "size: 10GB"); err != nil {
		return err
	}
	return errors.Join(
		s.wait("the problem", "!document.getElementById('problems').hidden"),
		s.contains("#problems", "ONG2005", "lemon.yaml:8:19", "storage: {size: 10GB", "^~~~", "write 10Gi"),
		s.wait("the last good picture", lemon+" && !document.getElementById('stale').hidden"), s.shot("desktop-problem"),
	)
}

func (s *scene) fixed() error {
	if err := s.w.edit("lemon.yaml", "size: 10GB", "size: 10Gi"); err != nil {
		return err
	}
	return s.wait("no problem", "document.getElementById('problems').hidden && document.getElementById('stale').hidden")
}
