package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// focus is what has the focus, and whether one can see that.
type focus struct {
	Tag, ID, Node, Key string
	Visible            bool
}

const whereFocus = `(() => {
  const e = document.activeElement, style = getComputedStyle(e), card = e.querySelector?.(":scope > .card");
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const sibling = e.matches("input[type=radio]") && getComputedStyle(e.nextElementSibling).outlineStyle !== "none";
  return {Tag: e.tagName.toLowerCase(), ID: e.id, Node: e.dataset?.node ?? "", Key: e.parentElement?.dataset?.key ?? "",
    Visible: ring || sibling || (!!card && parseFloat(getComputedStyle(card).strokeWidth) >= 2.5)};
})()`

// keyboard never touches a pointer.
func (s *scene) keyboard() error {
	if err := s.eval("document.activeElement.blur(); window.scrollTo(0, 0)", nil); err != nil {
		return err
	}
	var at focus
	for n := range 60 {
		if err := errors.Join(s.key("Tab"), s.wait("a focus", "document.activeElement !== document.body"), s.eval(whereFocus, &at)); err != nil {
			return err
		}
		if n == 0 && at.ID != "skip" {
			return fmt.Errorf("the first Tab leads to %+v, not to the skip link", at)
		}
		if !at.Visible {
			return fmt.Errorf("the focus on %+v cannot be seen", at)
		}
		if at.Node == "store" {
			break
		}
	}
	if at.Node != "store" {
		return errors.New("60 times Tab do not reach the object store")
	}
	if err := errors.Join(s.shot("desktop-focus"), s.key("Enter"), s.wait("the object's YAML",
		"document.querySelector('details[open][data-key^=ObjectStore] table')?.textContent.includes('retentionPolicy: 30d')")); err != nil {
		return err
	}
	if err := s.eval(whereFocus, &at); err != nil || !strings.HasPrefix(at.Key, "ObjectStore") || !at.Visible {
		return fmt.Errorf("the focus is on %+v, not on the object: %w", at, err)
	}
	// The environments are radio buttons: arrows choose.
	if err := errors.Join(s.eval("document.querySelector('#envs input:checked').focus()", nil), s.key("ArrowLeft"), s.wait("the other environment",
		"document.querySelector('#envs input:checked').value === 'dev' && !document.querySelector('#canvas [data-node=store]')"),
		s.key("e"), s.wait("back", lemon)); err != nil {
		return err
	}
	return errors.Join(s.key("?"), s.wait("the help", "document.getElementById('help').open"), s.key("Escape"), s.wait("no help", "!document.getElementById('help').open"))
}

func (s *scene) sideBySide() error {
	return errors.Join(
		s.eval("const d = document.querySelector('details[data-key^=\"Cluster.\"]'); if (!d.open) d.querySelector('summary').click()", nil),
		s.wait("columns", "[...document.querySelectorAll('details[data-key^=\"Cluster.\"] th')].map(e => e.textContent).join() === 'mark,dev,prod'"),
		s.wait("instances, marked", `[...document.querySelectorAll('details[data-key^="Cluster."] tr.differs')].some(r =>
		  r.cells[1].textContent === '  instances: 1' && r.cells[2].textContent === '  instances: 4' && r.cells[0].textContent.includes('differs'))`),
		s.wait("what is the same, unmarked", `[...document.querySelectorAll('details[data-key^="Cluster."] tr:not(.differs)')].some(r =>
		  r.cells[1].textContent === 'kind: Cluster' && r.cells[2].textContent === 'kind: Cluster')`),
		s.eval("document.querySelector('details[data-key^=\"Cluster.\"]').scrollIntoView()", nil), s.shot("desktop-objects"),
		s.eval("document.getElementById('only').click()", nil),
		s.wait("only what differs", `document.querySelectorAll('details[data-key^="Cluster."] tr.gap').length > 0`),
		s.eval("document.getElementById('only').click(); window.scrollTo(0, 0)", nil),
	)
}

func (s *scene) inert() error {
	const evil = `<img src=x onerror="document.body.dataset.owned=1"><script>document.body.dataset.owned=1</script>`
	if err := s.w.edit("lemon.yaml", "  secrets: {", "  annotations: {example.com/x: '"+evil+"'}\n  secrets: {"); err != nil {
		return err
	}
	err := errors.Join(
		s.wait("the text", "document.getElementById('moves').textContent.includes('onerror')"),
		s.wait("no element of it", "!document.querySelector('main img[src=x], main script') && !document.body.dataset.owned"))
	return errors.Join(err, s.w.edit("lemon.yaml", "  annotations: {example.com/x: '"+evil+"'}\n", ""),
		s.wait("its end", "!document.getElementById('objects-list').textContent.includes('onerror')"))
}

// quiet is asked before the restart, at which the browser says that nobody answers.
func (s *scene) quiet() error {
	if said := s.said(); len(said) > 0 {
		return errors.New(strings.Join(said, "\n      "))
	}
	return nil
}

func (s *scene) local() error {
	asked := s.asked()
	if len(asked) < 8 {
		return fmt.Errorf("only %d requests were seen", len(asked))
	}
	for _, url := range asked {
		if !strings.HasPrefix(url, s.w.url) {
			return fmt.Errorf("asked for %s", url)
		}
	}
	return nil
}

func (s *scene) restart(ctx context.Context) error {
	if err := errors.Join(s.w.stop(), s.wait("the break is told", "document.getElementById('status').dataset.state === 'offline'"),
		s.w.edit("lemon.yaml", "retention: 30d", "retention: 60d")); err != nil {
		return err
	}
	address := strings.TrimSuffix(strings.TrimPrefix(s.w.url, "http://"), "/")
	w, err := watch(ctx, s.o.onggi, s.w.dir, s.out, address)
	if err != nil {
		return err
	}
	*s.w = *w
	return s.wait("the new picture", "document.getElementById('status').dataset.state === 'live' && "+lemon+".textContent.includes('kept 60 days')")
}

func (s *scene) still() error {
	if err := errors.Join(s.look(1280, 900, 1, false, "light", "reduce"), s.w.edit("lemon.yaml", "instances: 4", "instances: 3"),
		s.wait("the edit", "document.querySelector('#canvas .moved')")); err != nil {
		return err
	}
	time.Sleep(30 * time.Millisecond) // an animation would have begun
	return errors.Join(s.wait("nothing moves", "document.getAnimations().length === 0"), s.look(1280, 900, 1, false, "light", "no-preference"))
}
