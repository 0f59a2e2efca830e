package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// shownStandbys is how many standbys have a card of their own.
const shownStandbys = 4

// Draw is the picture of a rendered bundle: its plan and its objects.
func Draw(p *plan.Plan, objs []manifest.Object) Picture {
	a := &artist{Plan: p, objs: objs, shown: map[manifest.Ref]string{}, ids: map[string]bool{}}
	a.Title = p.Name
	if p.Env != "" {
		a.Title += " in " + p.Env
	}
	a.cluster = a.find("Cluster", p.Name)
	if a.Backend == "native" {
		a.cluster = a.find("StatefulSet", p.Name)
	}
	if a.cluster == (manifest.Ref{}) && len(objs) > 0 {
		a.cluster = a.largest()
	}
	a.instances()
	a.poolers()
	a.services()
	a.network()
	a.backups()
	a.dumps()
	a.sources()
	a.monitors()
	a.secrets()
	a.others()
	slices.SortStableFunc(a.Nodes, func(x, y Node) int { return int(x.Lane) - int(y.Lane) })
	return a.Picture
}

// artist collects the picture. Lanes that others point to are drawn before them.
type artist struct {
	*plan.Plan
	Picture
	objs    []manifest.Object
	cluster manifest.Ref            // the object that runs the instances
	shown   map[manifest.Ref]string // the node that stands for an object
	ids     map[string]bool
}

// add puts a node into the picture. The first node of an object stands for it, so the cluster's frame is added first.
func (a *artist) add(n Node) string {
	for base, i := n.ID, 2; a.ids[n.ID]; i++ {
		n.ID = fmt.Sprintf("%s-%d", base, i)
	}
	a.ids[n.ID] = true
	n.Lines = slices.DeleteFunc(n.Lines, func(s string) bool { return s == "" })
	a.Nodes = append(a.Nodes, n)
	if _, ok := a.shown[n.Object]; !ok {
		a.shown[n.Object] = n.ID
	}
	return n.ID
}

func (a *artist) join(from, to string, kind EdgeKind, label string) {
	e := Edge{from, to, kind, label}
	if a.ids[from] && a.ids[to] && from != to && !slices.Contains(a.Edges, e) {
		a.Edges = append(a.Edges, e)
	}
}

// find is the first object of a kind and name, in whatever group; the zero Ref when there is none.
func (a *artist) find(kind, name string) manifest.Ref {
	for _, o := range a.objs {
		if ref := o.Ref(); ref.Kind == kind && ref.Name == name {
			return ref
		}
	}
	return manifest.Ref{}
}

// of lists the objects of a kind.
func (a *artist) of(kind string) []manifest.Object {
	var found []manifest.Object
	for _, o := range a.objs {
		if o.Ref().Kind == kind {
			found = append(found, o)
		}
	}
	return found
}

// largest is what runs the instances where it is not called Cluster.
func (a *artist) largest() manifest.Ref {
	for _, o := range a.objs {
		if o.Part == manifest.PartCluster && o.Origin == "" {
			return o.Ref()
		}
	}
	return a.objs[0].Ref()
}

const (
	idCluster = "cluster"
	idPrimary = "primary"
	idStandby = "standby"
)

func (a *artist) instances() {
	engine := "PostgreSQL"
	if a.Engine == "mysql" {
		engine = "MySQL"
	}
	durability := ""
	switch {
	case a.Replication.Mode == "quorum":
		durability = fmt.Sprintf("a commit waits for any %d", a.Replication.MinSync)
	case a.Replication.Mode == "sync":
		durability = fmt.Sprintf("a commit waits for the first %d", a.Replication.MinSync)
	}
	lines := []string{engine + " " + a.Version.String() + " · " + plural(int(a.Instances), "instance")}
	if a.Hibernate {
		lines = append(lines, "hibernated: no pods, the volumes stay")
	}
	lines = append(lines, durability)
	a.add(Node{ID: idCluster, Lane: Instances, Kind: KindCluster, Title: a.Name, Lines: lines, Object: a.cluster, Idle: a.Hibernate})

	title := "Primary"
	if a.Replica != nil && a.Replica.On {
		title = "Designated primary"
	}
	a.add(Node{ID: idPrimary, Lane: Instances, Kind: KindPrimary, Title: title, Lines: a.volumes(), Object: a.cluster, Idle: a.Hibernate})
	standbys := int(a.Instances) - 1
	for i := range min(standbys, shownStandbys) {
		n := Node{ID: fmt.Sprintf("%s-%d", idStandby, i+1), Lane: Instances, Kind: KindStandby, Title: "Standby", Object: a.cluster, Idle: a.Hibernate}
		if left := standbys - i; i == shownStandbys-1 && left > 1 {
			n.Title = fmt.Sprintf("%d more standbys", left)
		}
		a.join(idPrimary, a.add(n), Replication, "")
	}
	a.databases()
}

func (a *artist) volumes() []string {
	volume := func(v plan.Volume) string { return strings.TrimSpace(v.Size + " " + v.Class) }
	lines := []string{volume(a.Storage.Volume)}
	if a.WAL != nil {
		lines[0] += " · WAL " + volume(*a.WAL)
	}
	for _, t := range a.Tablespaces {
		lines = append(lines, "tablespace "+t.Name+" "+t.Size)
	}
	return lines
}

func (a *artist) databases() {
	for _, d := range a.Databases {
		object := a.cluster
		for _, o := range a.of("Database") {
			if at, _ := manifest.Get(o.Body(), "spec", "name"); at == d.Name {
				object = o.Ref()
			}
		}
		lines := []string{"owner " + d.Owner}
		var extensions []string
		for _, e := range d.Extensions {
			extensions = append(extensions, e.Name)
		}
		if len(extensions) > 0 {
			lines = append(lines, strings.Join(extensions, ", "))
		}
		a.add(Node{ID: "database:" + d.Name, Lane: Instances, Kind: KindDatabase, Title: d.Name, Lines: lines, Object: object})
	}
}

// standbys is the node that traffic for standbys goes to: the first of them, or the primary where there is none.
func (a *artist) standbys() string {
	if a.Instances > 1 {
		return idStandby + "-1"
	}
	return idPrimary
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func text(v any, path ...any) string {
	found, _ := manifest.Get(v, path...)
	s, _ := found.(string)
	return s
}
