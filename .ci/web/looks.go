package main

import (
	"errors"
	"fmt"
	"strings"
)

// contrast finds texts that stand out less than 4.5 to 1 from what is behind them (3 to 1 for large ones), as WCAG counts.
const contrast = `(() => {
  const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * (top[3] ?? 1) + below[i] * (1 - (top[3] ?? 1)));
  const lum = (c) => c.slice(0, 3).map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const behind = (e) => {
    const node = e.closest("svg .node") ?? e.closest("#canvas");
    if (e instanceof SVGElement) {
      const card = node.querySelector?.(":scope > .card");
      if (card) return parse(getComputedStyle(card).fill);
    }
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length === 3 || c[3] > 0) layers.push(c);
      if (c.length === 3 || c[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const out = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || e.closest(".hidden, title, noscript, script") || !e.checkVisibility()) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize), bg = behind(e);
    const fg = over(parse(e instanceof SVGElement ? style.fill : style.color), bg);
    if (e.id === "theme" && parse(style.color)[3] === 0) continue; // an icon stands in its place
    const [a, b] = [lum(fg), lum(bg)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    seen++;
    if (ratio < (large ? 3 : 4.5)) out.push(ratio.toFixed(2) + " " + e.tagName + "." + (e.getAttribute("class") ?? "") + " " + text.slice(0, 40));
  }
  if (seen < 60) out.push("only " + seen + " texts were seen");
  return [...new Set(out)];
})()`

func (s *scene) readable(where string) error {
	var faint []string
	if err := s.eval(contrast, &faint); err != nil {
		return err
	}
	if len(faint) > 0 {
		return fmt.Errorf("%s: %s", where, strings.Join(faint, "\n      "))
	}
	return nil
}

// schemes looks at everything at once: a problem, a moved field, an open object, the list of keys.
func (s *scene) schemes() error {
	background := func() (colour string, err error) {
		err = s.eval("getComputedStyle(document.body).backgroundColor", &colour)
		return colour, err
	}
	if err := errors.Join(s.w.edit("lemon.yaml", "size: 10Gi", "size: 10GB"), s.wait("a problem", "!document.getElementById('problems').hidden")); err != nil {
		return err
	}
	var light, dark string
	for _, v := range []struct {
		scheme string
		colour *string
	}{{"light", &light}, {"dark", &dark}} {
		var err error
		if err = s.look(1280, 900, 1, false, v.scheme, "no-preference"); err == nil {
			*v.colour, err = background()
		}
		if err := errors.Join(err, s.readable(v.scheme), s.shot("desktop-problem-"+v.scheme)); err != nil {
			return err
		}
	}
	if err := errors.Join(s.w.edit("lemon.yaml", "size: 10GB", "size: 10Gi"), s.wait("no problem", "document.getElementById('problems').hidden"), s.shot("desktop-dark")); err != nil {
		return err
	}
	if light == dark {
		return fmt.Errorf("both are on %s", light)
	}
	// The switch wins over the system's choice: system, light, dark, system.
	for _, want := range []string{light, dark, dark} {
		if err := s.key("t"); err != nil {
			return err
		}
		if got, err := background(); err != nil || got != want {
			return fmt.Errorf("the switch gives %s in place of %s: %w", got, want, err)
		}
	}
	return nil
}

func (s *scene) phone() error {
	const wide = "document.documentElement.scrollWidth <= innerWidth && innerWidth === 360"
	narrow := "document.querySelector('#canvas svg').viewBox.baseVal.width < 360"
	err := errors.Join(s.look(360, 760, 2, true, "light", "no-preference"),
		s.wait("the narrow picture", narrow), s.wait("nothing sideways", wide), s.eval("window.scrollTo(0, 0)", nil), s.shot("phone-light"),
		s.eval("document.querySelector('details[data-key^=\"Cluster.\"]').scrollIntoView()", nil), s.wait("nothing sideways, an object open", wide),
		s.wait("what is the same, once", `[...document.querySelectorAll('details[data-key^="Cluster."] tr')].some(r => r.cells.length === 2 && r.cells[1].colSpan === 2 && r.cells[1].textContent === 'kind: Cluster')`),
		s.readable("phone"), s.shot("phone-objects"),
		s.wait("text of a readable size", "[...document.querySelectorAll('#canvas .line')].every(e => e.getBoundingClientRect().height > 10)"),
		s.wait("targets for a thumb", "[...document.querySelectorAll('summary, button, #canvas .node')].filter(e => e.checkVisibility() && e.id !== 'moves-more').every(e => e.getBoundingClientRect().height >= 24)"),
		s.look(360, 760, 2, true, "dark", "no-preference"), s.readable("phone, dark"), s.eval("window.scrollTo(0, 0)", nil), s.shot("phone-dark"))
	return errors.Join(err, s.look(1280, 900, 1, false, "light", "no-preference"), s.wait("the wide picture", "!("+narrow+")"))
}
