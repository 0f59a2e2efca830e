package report

import (
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/policies"
)

// human tells each finding the way a problem of the spec is told: position, code, what, then why and what to do.
func human(findings []policies.Finding, o Options) []byte {
	paint := func(code, s string) string {
		if !o.Color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	var b strings.Builder
	count := make(map[policies.Level]int)
	waived := 0
	for _, f := range findings {
		if f.Waived != "" {
			waived++
		} else {
			count[f.Level]++
		}
		head := string(f.Level)
		if f.Waived != "" {
			head = "waived"
		}
		if f.Origin != "" {
			fmt.Fprintf(&b, "%s: ", paint("1", f.Origin))
		}
		fmt.Fprintf(&b, "%s: %s: %s\n", paint(color(f), head), paint("1", f.Policy), f.Message)
		for _, line := range [...]struct{ label, text string }{{"at", at(f)}, {"why", f.Why}, {"fix", f.Fix}, {"waived", f.Waived}} {
			if line.text != "" {
				fmt.Fprintf(&b, "  %s %s\n", paint("36", line.label+":"), line.text)
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d objects: %d errors, %d warnings, %d notes", o.Objects, count[policies.Error], count[policies.Warning], count[policies.Info])
	if waived > 0 {
		fmt.Fprintf(&b, ", %d waived", waived)
	}
	b.WriteByte('\n')
	return []byte(b.String())
}

func at(f policies.Finding) string {
	if f.SpecPath == "" {
		return where(f)
	}
	return where(f) + ", from " + f.SpecPath
}

func color(f policies.Finding) string {
	switch {
	case f.Waived != "":
		return "90"
	case f.Level == policies.Error:
		return "1;31"
	case f.Level == policies.Warning:
		return "1;33"
	}
	return "1;34"
}

// github writes workflow commands, which GitHub shows beside the lines of a change.
func github(findings []policies.Finding) []byte {
	var b strings.Builder
	for _, f := range findings {
		if f.Waived != "" {
			continue
		}
		command := "notice"
		switch f.Level {
		case policies.Error:
			command = "error"
		case policies.Warning:
			command = "warning"
		}
		var properties []string
		if file, line, column := position(f.Origin); line > 0 {
			properties = append(properties, "file="+property(file), fmt.Sprintf("line=%d", line))
			if column > 0 {
				properties = append(properties, fmt.Sprintf("col=%d", column))
			}
		}
		properties = append(properties, "title="+property(f.Policy))
		text := f.Message
		if w := where(f); w != "" {
			text = w + ": " + text
		}
		fmt.Fprintf(&b, "::%s %s::%s\n", command, strings.Join(properties, ","), escape(text+"\n"+f.Fix))
	}
	return []byte(b.String())
}

// escape keeps a text on the one line of its command.
func escape(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(strings.TrimSpace(s))
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escape(s))
}
