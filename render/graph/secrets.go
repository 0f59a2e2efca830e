package graph

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// secrets are those that objects read, the plan needs, or something here makes: who makes each, and who reads it.
func (a *artist) secrets() {
	readers := a.readers()
	made := a.made()
	for _, name := range a.secretNames(readers, made) {
		m, ok := made[name]
		if !ok {
			m = a.makerElsewhere(name)
		}
		var lines []string
		if why := a.why(name); why != "" {
			lines = append(lines, why)
		}
		lines = append(lines, m.words)
		var titles, nodes []string
		object := m.object
		for _, ref := range readers[name] {
			if object == (manifest.Ref{}) {
				object = ref
			}
			if id := a.shown[ref]; id != "" && !slices.Contains(nodes, id) {
				nodes, titles = append(nodes, id), append(titles, ref.Kind+" "+ref.Name)
			}
		}
		if m.readBy != "" {
			titles = append(titles, m.readBy)
		}
		if len(titles) > 0 {
			lines = append(lines, "read by "+strings.Join(titles, ", "))
		} else {
			lines = append(lines, "read by nothing here")
		}
		kind := KindSecret
		if m.object.Kind == "Certificate" {
			kind = KindCertificate
		}
		id := a.add(Node{ID: "secret:" + name, Lane: Secrets, Kind: kind, Title: name, Lines: lines, Object: a.orCluster(object), Warn: m.missing})
		for _, to := range nodes {
			if !strings.HasPrefix(to, "monitor:") { // beside it: the text is enough
				a.join(id, to, Reads, "")
			}
		}
	}
}

// secretNames are those of the plan in its order, then the others by name.
func (a *artist) secretNames(readers map[string][]manifest.Ref, made map[string]maker) []string {
	var names, rest []string
	for _, n := range a.Needs {
		if !slices.Contains(names, n.Name) {
			names = append(names, n.Name)
		}
	}
	for name := range readers {
		rest = append(rest, name)
	}
	for name := range made {
		rest = append(rest, name)
	}
	slices.Sort(rest)
	for _, name := range slices.Compact(rest) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (a *artist) why(name string) string {
	var whys []string
	for _, n := range a.Needs {
		if n.Name == name && !slices.Contains(whys, n.Why) {
			whys = append(whys, n.Why)
		}
	}
	return strings.Join(whys, ", ")
}

// maker is who makes a Secret.
type maker struct {
	words   string
	object  manifest.Ref // zero when it is not among the objects
	readBy  string       // who reads it besides the objects
	missing bool
}

func (a *artist) made() map[string]maker {
	made := map[string]maker{}
	for _, o := range a.objs {
		ref := o.Ref()
		if ref.Namespace != a.Namespace {
			continue
		}
		switch ref.Kind {
		case "SealedSecret":
			words := "sealed"
			if o.Origin != "" {
				words += ", in " + o.Origin
			}
			made[ref.Name] = maker{words: words, object: ref}
		case "ExternalSecret":
			name := text(o.Body(), "spec", "target", "name")
			if name == "" {
				name = ref.Name
			}
			made[name] = maker{words: strings.TrimSpace("from the secret store " + text(o.Body(), "spec", "secretStoreRef", "name")), object: ref}
		case "Certificate":
			if name := text(o.Body(), "spec", "secretName"); name != "" {
				made[name] = maker{words: "issued by cert-manager", object: ref}
			}
		case "Secret":
			made[ref.Name] = maker{words: "in " + o.Origin, object: ref}
		}
	}
	if b := a.Bootstrap; a.Backend == "cloudnative-pg" && b.Initdb != nil && b.Secret == "" {
		made[a.Name+"-app"] = maker{words: "made by the operator", readBy: "applications"}
	}
	return made
}

// makerElsewhere is who makes a Secret that nothing among the objects makes.
func (a *artist) makerElsewhere(name string) maker {
	for _, e := range a.Plan.Secrets.Existing {
		if e.Name == name {
			return maker{words: "exists already"}
		}
	}
	switch a.Plan.Secrets.Provider {
	case "sealed-secrets":
		return maker{words: "not sealed yet: onggi seal", missing: true}
	case "external-secrets":
		return maker{words: "no ExternalSecret makes it", missing: true}
	}
	return maker{words: "exists already, made elsewhere"}
}

// readers lists the objects that read each Secret.
func (a *artist) readers() map[string][]manifest.Ref {
	readers := map[string][]manifest.Ref{}
	for _, o := range a.objs {
		ref := o.Ref()
		switch ref.Kind {
		case "SealedSecret", "ExternalSecret", "Certificate", "Secret", "ConfigMap":
			continue
		}
		for _, name := range secretsIn(o.Body()) {
			readers[name] = append(readers[name], ref)
		}
	}
	return readers
}

// secretsIn are the names of the Secrets that a body reads, sorted. Kubernetes and the operators write such a name in three
// ways: {name, key} of what is no ConfigMap, {name} or {secretName} below a field called ...Secret..., and a text in one.
func secretsIn(body manifest.Map) []string {
	var names []string
	var walk func(field string, v any)
	walk = func(field string, v any) {
		isSecret := strings.Contains(strings.ToLower(field), "secret")
		switch v := v.(type) {
		case string:
			if isSecret && v != "" && (strings.HasSuffix(field, "Secret") || strings.HasSuffix(field, "secretName")) {
				names = append(names, v)
			}
		case []any:
			for _, item := range v {
				walk(field, item)
			}
		case manifest.Map:
			_, keyed := v["key"].(string)
			keyed = keyed && !strings.Contains(strings.ToLower(field), "configmap") && len(v) <= 3
			if name, ok := v["name"].(string); ok && (keyed || isSecret) {
				names = append(names, name)
			}
			for key, below := range v {
				walk(key, below)
			}
		}
	}
	walk("", body["spec"])
	slices.Sort(names)
	return slices.Compact(names)
}
