package ctl

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) list() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "the members, their roles and how far behind they are", Args: cobra.NoArgs}
	a.watched(cmd, func(ctx context.Context) error { return a.show(ctx, false) })
	return cmd
}

func (a *app) topology() *cobra.Command {
	cmd := &cobra.Command{Use: "topology", Short: "the members, below whom each follows", Args: cobra.NoArgs}
	a.watched(cmd, func(ctx context.Context) error { return a.show(ctx, true) })
	return cmd
}

// watched gives a command --watch: to print again and again until it is stopped.
func (a *app) watched(cmd *cobra.Command, print func(context.Context) error) {
	every := cmd.Flags().DurationP("watch", "w", 0, "print again every so often")
	cmd.Flags().Lookup("watch").NoOptDefVal = "2s"
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *every == 0 {
			return print(cmd.Context())
		}
		if *every < 100*time.Millisecond {
			return fail(Usage, "--watch %s: at least 100ms", *every)
		}
		ticker := time.NewTicker(*every)
		defer ticker.Stop()
		for {
			if a.streams.Color {
				fmt.Fprint(a.streams.Out, "\x1b[H\x1b[2J")
			}
			if err := print(cmd.Context()); err != nil && cmd.Context().Err() == nil {
				fmt.Fprintf(a.streams.Err, "%s\n", err) // it may be back at the next turn
			}
			select {
			case <-cmd.Context().Done():
				return nil
			case <-ticker.C:
			}
		}
	}
}

func (a *app) show(ctx context.Context, tree bool) error {
	c, err := a.read(ctx)
	if err != nil {
		return err
	}
	return a.showCluster(c, tree)
}

func (a *app) showCluster(c cluster, tree bool) error {
	members := c.Members
	if tree {
		members = descent(c)
	}
	var rows [][]string
	port := c.withPort()
	shown := []int{0, 1, 2, 3, 4, 5}
	for _, m := range members {
		rows = append(rows, m.row(port))
	}
	for i := always; i < len(columns); i++ {
		if slices.ContainsFunc(rows, func(row []string) bool { return row[i] != "" }) {
			shown = append(shown, i)
		}
	}
	records := make([]map[string]any, 0, len(rows))
	for i, row := range rows {
		records = append(records, record(c, members[i], row))
		rows[i] = pick(row, shown)
	}
	title := "Cluster: " + c.Scope
	if c.SystemID != "" {
		title += " (" + c.SystemID + ")"
	}
	framed := table{title: title, head: pick(columns, shown), right: []string{"TL", "Lag in MB"}, rows: rows, paint: a.paint()}
	if err := a.write(records, framed); err != nil {
		return err
	}
	if a.output == "table" {
		for _, note := range c.notes() {
			fmt.Fprintln(a.streams.Out, " "+note)
		}
	}
	return nil
}

// pick is some cells of a row.
func pick(row []string, shown []int) []string {
	out := make([]string, len(shown))
	for i, at := range shown {
		out[i] = row[at]
	}
	return out
}

// record is a row as patronictl gives it to programs: by the names of the columns, and without those that are empty.
func record(c cluster, m member, row []string) map[string]any {
	r := map[string]any{"Cluster": c.Scope}
	for i, cell := range row {
		if cell != "" || i < always-2 {
			r[columns[i]] = cell
		}
	}
	r["Member"] = m.Name
	if m.Timeline > 0 {
		r["TL"] = m.Timeline
	}
	if lag, err := strconv.ParseInt(row[5], 10, 64); err == nil {
		r["Lag in MB"] = lag
	}
	if len(m.Tags) > 0 {
		r["Tags"] = m.Tags
	}
	return r
}

// descent is the leader, and below each member those that follow it, with signs before their names.
func descent(c cluster) []member {
	named := map[string]member{}
	for _, m := range c.Members {
		named[m.Name] = m
	}
	leader, _ := c.leader()
	below := map[string][]string{}
	for _, m := range c.Members {
		parent, _ := m.Tags["replicatefrom"].(string)
		_, there := named[parent]
		switch {
		case m.Role == "leader":
			parent = ""
		case parent == m.Name || !there:
			parent = leader.Name
		}
		below[parent] = append(below[parent], m.Name)
	}
	var out []member
	seen := map[string]bool{}
	var walk func(parent string, depth int)
	walk = func(parent string, depth int) {
		children := below[parent]
		slices.Sort(children)
		for _, name := range children {
			if seen[name] {
				continue
			}
			seen[name] = true
			m := named[name]
			if depth > 0 {
				m.Name = fmt.Sprintf("%*s+ %s", 2*(depth-1), "", name)
			}
			out = append(out, m)
			walk(name, depth+1)
		}
	}
	walk("", 0)
	for _, m := range c.Members { // that follow each other in a circle
		if !seen[m.Name] {
			out = append(out, m)
		}
	}
	return out
}

// paint makes the leader and what does not run stand out.
func (a *app) paint() func(row, column int, cell string) string {
	if !a.streams.Color {
		return nil
	}
	return func(_, column int, cell string) string {
		switch {
		case column == 2 && cell == "Leader":
			return "\x1b[32m" + cell + "\x1b[0m"
		case column == 3 && cell != "running" && cell != "streaming":
			return "\x1b[31m" + cell + "\x1b[0m"
		}
		return cell
	}
}

func (a *app) history() *cobra.Command {
	return &cobra.Command{
		Use: "history", Short: "when the timeline changed, where and why", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := a.within(cmd.Context(), reading)
			defer cancel()
			var lines [][]json.RawMessage
			if err := a.target.here().get(ctx, "/history", &lines); err != nil {
				return err
			}
			head := []string{"TL", "LSN", "Reason", "Timestamp", "New Leader"}
			var rows [][]string
			records := make([]map[string]any, 0, len(lines))
			for _, line := range lines {
				row, r := make([]string, len(head)), map[string]any{}
				for i := range min(len(line), len(head)) {
					row[i], r[head[i]] = text(line[i]), line[i]
				}
				rows, records = append(rows, row), append(records, r)
			}
			return a.write(records, table{head: head, right: []string{"TL", "LSN"}, rows: rows})
		},
	}
}

// text is a JSON string's text, or other JSON as it is.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
