package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// table is text in columns, framed as patronictl frames it, with the title in the upper border.
type table struct {
	title string
	head  []string
	right []string // columns whose cells stand to the right
	rows  [][]string
	paint func(row, column int, cell string) string // nil is no colours
}

func (t table) write(w io.Writer) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	border := "+"
	for _, width := range widths {
		border += strings.Repeat("-", width+2) + "+"
	}
	if t.title == "" {
		fmt.Fprintln(w, border)
	} else {
		fmt.Fprintln(w, titled(border, " "+t.title+" "))
	}
	t.line(w, widths, -1, t.head)
	fmt.Fprintln(w, border)
	for i, row := range t.rows {
		t.line(w, widths, i, row)
	}
	fmt.Fprintln(w, border)
}

// titled lays the title over a border, which grows if it has to.
func titled(border, title string) string {
	length := utf8.RuneCountInString(title)
	if 1+length >= len(border) {
		return "+" + title + "+"
	}
	return "+" + title + border[1+length:]
}

func (t table) line(w io.Writer, widths []int, row int, cells []string) {
	var b strings.Builder
	b.WriteByte('|')
	for i, cell := range cells {
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		shown := cell
		if t.paint != nil && row >= 0 {
			shown = t.paint(row, i, cell)
		}
		if slices.Contains(t.right, t.head[i]) {
			b.WriteString(" " + space + shown + " |")
		} else {
			b.WriteString(" " + shown + space + " |")
		}
	}
	fmt.Fprintln(w, b.String())
}

// write prints what was asked for in the form that was asked for: records for programs, and a table for people.
func (a *app) write(records any, t table) error {
	var data []byte
	var err error
	switch a.output {
	case "json":
		data, err = json.MarshalIndent(records, "", "  ")
		data = append(data, '\n')
	case "yaml":
		data, err = yaml.Marshal(records)
	default:
		t.write(a.streams.Out)
		return nil
	}
	if err == nil {
		_, err = a.streams.Out.Write(data)
	}
	if err != nil {
		return fail(InOut, "write: %w", err)
	}
	return nil
}
