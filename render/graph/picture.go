package graph

import (
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// Picture is what is to be drawn.
type Picture struct {
	// Title names the database in its environment.
	Title string
	// Nodes in the order of reading, those of one lane together.
	Nodes []Node
	Edges []Edge
}

// Lane is a part of the picture with a heading.
type Lane int

// The lanes, in the order of reading.
const (
	Access Lane = iota
	Pooling
	Instances // the cluster itself and what it is made of
	Backups
	Sources
	Secrets
	Monitoring
	Network
	Others
	lanes int = iota
)

// String is the heading.
func (l Lane) String() string {
	switch l {
	case Access:
		return "Ways in"
	case Pooling:
		return "Pooler"
	case Instances:
		return "Cluster"
	case Backups:
		return "Backups"
	case Sources:
		return "External clusters"
	case Secrets:
		return "Secrets"
	case Monitoring:
		return "Monitoring"
	case Network:
		return "Network policies"
	}
	return "Also rendered"
}

// Kind is what a node stands for. It chooses icon and colour.
type Kind string

// The kinds of node.
const (
	KindService     Kind = "service"
	KindAddress     Kind = "address" // a Service that is reached from outside
	KindNetwork     Kind = "network"
	KindPooler      Kind = "pooler"
	KindCluster     Kind = "cluster" // the frame around the instances
	KindPrimary     Kind = "primary"
	KindStandby     Kind = "standby"
	KindDatabase    Kind = "database"
	KindSchedule    Kind = "schedule"
	KindStore       Kind = "store"
	KindDrill       Kind = "drill"
	KindSource      Kind = "source"
	KindSecret      Kind = "secret"
	KindCertificate Kind = "certificate"
	KindMonitor     Kind = "monitor"
	KindAlerts      Kind = "alerts"
	KindDashboard   Kind = "dashboard"
	KindObject      Kind = "object"
)

// Node is one thing in the picture.
type Node struct {
	// ID is unique in the picture and stays the same from one render to the next.
	ID    string
	Lane  Lane
	Kind  Kind
	Title string
	// Lines say the rest, edges included.
	Lines []string
	// Object is the one whose YAML makes it so.
	Object manifest.Ref
	// Warn marks what does not work as it stands: a Secret that nobody makes.
	Warn bool
	// Idle marks what is there and does nothing: a suspended schedule.
	Idle bool
}

// EdgeKind is what flows along an edge.
type EdgeKind string

// The kinds of edge.
const (
	Traffic     EdgeKind = "traffic"     // clients to a server
	Replication EdgeKind = "replication" // WAL to a standby
	Archive     EdgeKind = "archive"     // WAL and base backups to a store, and back
	Reads       EdgeKind = "reads"       // a Secret into what reads it
	Watches     EdgeKind = "watches"     // a monitor on what it scrapes
)

// Edge joins two nodes by their IDs.
type Edge struct {
	From, To string
	Kind     EdgeKind
	Label    string
}

// String is the picture as text, a node or an edge a line: what tests compare and people can review.
func (p Picture) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Title)
	for lane := range lanes {
		nodes := p.in(Lane(lane))
		if len(nodes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", Lane(lane))
		for _, n := range nodes {
			marks := ""
			if n.Warn {
				marks += " !"
			}
			if n.Idle {
				marks += " (idle)"
			}
			fmt.Fprintf(&b, "  [%s] %s%s  <%s>\n", n.ID, n.Title, marks, n.Object)
			for _, line := range n.Lines {
				fmt.Fprintf(&b, "      %s\n", line)
			}
		}
	}
	if len(p.Edges) > 0 {
		b.WriteString("\nEdges\n")
	}
	for _, e := range p.Edges {
		fmt.Fprintf(&b, "  %s -> %s  %s", e.From, e.To, e.Kind)
		if e.Label != "" {
			fmt.Fprintf(&b, ": %s", e.Label)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (p Picture) in(lane Lane) []Node {
	var nodes []Node
	for _, n := range p.Nodes {
		if n.Lane == lane {
			nodes = append(nodes, n)
		}
	}
	return nodes
}
