package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

func (p *page) open(url string) error {
	_, err := p.call("Page.navigate", map[string]any{"url": url})
	return err
}

// eval runs a JavaScript expression in the page, waits for it if it is a promise, and puts its value into out.
func (p *page) eval(expression string, out any) error {
	result, err := p.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true})
	if err != nil {
		return err
	}
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return err
	}
	if r.ExceptionDetails != nil {
		return fmt.Errorf("%s %s", r.ExceptionDetails.Text, r.ExceptionDetails.Exception.Description)
	}
	if out == nil || len(r.Result.Value) == 0 {
		return nil
	}
	return json.Unmarshal(r.Result.Value, out)
}

// wait waits until an expression is true.
func (p *page) wait(what, expression string) error {
	const limit = time.Minute // a machine that others use may be slow; the time that counts is measured elsewhere
	begun := time.Now()
	for time.Since(begun) < limit {
		var ok bool
		if err := p.eval("!!("+expression+")", &ok); err == nil && ok {
			return nil
		}
		time.Sleep(15 * time.Millisecond)
	}
	var text string
	_ = p.eval("document.body.innerText.slice(0, 500)", &text) // only for the message
	return fmt.Errorf("%s: not within %s; the page has:\n%s", what, limit, text)
}

// key presses and lets go of a key, as a keyboard does.
func (p *page) key(name string) error {
	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
	event := map[string]any{"key": name}
	switch {
	case name == "Enter":
		event["text"] = "\r"
	case len(name) == 1:
		event["text"] = name
	}
	if code, ok := codes[name]; ok {
		event["windowsVirtualKeyCode"], event["code"] = code, name
	}
	for _, kind := range []string{"keyDown", "keyUp"} {
		event["type"] = kind
		if _, err := p.call("Input.dispatchKeyEvent", event); err != nil {
			return err
		}
	}
	return nil
}

// look sets the size of the window, the colour scheme and whether motion is welcome.
func (p *page) look(width, height int, scale float64, mobile bool, scheme, motion string) error {
	if _, err := p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile}); err != nil {
		return err
	}
	_, err := p.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion},
	}})
	return err
}

// shoot writes what is seen, or the whole page, to a PNG.
func (p *page) shoot(file string, whole bool) error {
	result, err := p.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": whole})
	if err != nil {
		return err
	}
	var r struct{ Data string }
	if err := json.Unmarshal(result, &r); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(r.Data)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}
