package spec

import (
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec/node"
)

// JSONSchema is the JSON Schema (draft-07) of a kind of document: DatabaseCluster, Project, or "" for either. Objects are closed.
//
// It accepts whatever [Load] and [Document.Resolve] accept and refuses most of what they refuse. Fields that a Project's
// defaults can supply are therefore not required in a DatabaseCluster, although the merged spec needs them.
func JSONSchema(kind string) manifest.Map {
	b := schemaBuilder{definitions: manifest.Map{}}
	var root manifest.Map
	switch kind {
	case KindCluster:
		root = b.object(shapes().cluster, false)
	case KindProject:
		root = b.object(shapes().project, false)
	case "":
		root = manifest.Map{"oneOf": []any{b.object(shapes().cluster, false), b.object(shapes().project, false)}}
	default:
		return nil
	}
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = strings.TrimSpace("onggi " + kind)
	root["definitions"] = b.definitions
	return root
}

// SchemaAt is the schema of one field by its path, e.g. spec.storage.size or storage.size, without references; nil when
// there is no such field. An entry of a list is written expose[0] or expose[].
func SchemaAt(path string) manifest.Map {
	f, s := fieldAt(path)
	if s == nil {
		return nil
	}
	b := schemaBuilder{}
	if f == nil {
		return b.object(s, false)
	}
	return b.field(f, false)
}

// schemaBuilder collects the schemas of objects as definitions; without definitions it writes them in place.
type schemaBuilder struct {
	definitions manifest.Map
}

// ref is the schema of an object where it is used. A patch is the same object with nothing required.
func (b *schemaBuilder) ref(s *shape, patch bool) manifest.Map {
	if b.definitions == nil {
		return b.object(s, patch)
	}
	name := s.typ.Name()
	if patch {
		name += "Patch"
	}
	if _, known := b.definitions[name]; !known {
		b.definitions[name] = nil // in the making
		b.definitions[name] = b.object(s, patch)
	}
	return manifest.Map{"$ref": "#/definitions/" + name}
}

func (b *schemaBuilder) object(s *shape, patch bool) manifest.Map {
	properties := manifest.Map{}
	var required []any
	for _, f := range s.fields {
		p := b.field(f, patch)
		if f.rules.required && !patch && !mergeable(s) {
			required = append(required, f.name)
		} else {
			// A field without a value is as good as absent, and over a Project's defaults it takes one of them away.
			p = manifest.Map{"anyOf": []any{p, manifest.Map{"type": "null"}}}
			lift(p)
		}
		properties[f.name] = p
	}
	out := manifest.Map{"type": "object", "additionalProperties": false, "properties": properties}
	if doc := comment(s.typ.Name()); doc != "" {
		out["description"] = doc
	}
	if required != nil {
		out["required"] = required
	}
	if pairs := exclusive(s); len(pairs) > 0 && !patch {
		out["not"] = manifest.Map{"anyOf": pairs}
	}
	return out
}

// lift moves what an editor shows from the first alternative to the schema itself.
func lift(p manifest.Map) {
	first := p["anyOf"].([]any)[0].(manifest.Map)
	for _, key := range []string{"description", "default", "examples"} {
		if v, ok := first[key]; ok {
			p[key] = v
			delete(first, key)
		}
	}
}

// mergeable reports whether an object can be completed by the Project's defaults or a patch: the spec and the mappings below
// it, but not the entries of its lists, nor what stands outside of it.
func mergeable(s *shape) bool {
	found := false
	var walk func(o *shape)
	walk = func(o *shape) {
		found = found || o.typ == s.typ
		for _, f := range o.fields {
			if f.shape.class == object {
				walk(f.shape)
			}
		}
	}
	walk(shapes().spec)
	return found
}

// exclusive are the pairs of fields that exclude each other.
func exclusive(s *shape) []any {
	var pairs []any
	for _, g := range s.groups {
		for i, f := range g.fields {
			for _, other := range g.fields[:i] {
				pairs = append(pairs, manifest.Map{"required": []any{other.name, f.name},
					"properties": manifest.Map{other.name: chosen(other), f.name: chosen(f)}})
			}
		}
	}
	return pairs
}

// chosen is what a field of a group has to be to count: null and false leave it out.
func chosen(f *field) manifest.Map {
	if f.shape.class == boolean {
		return manifest.Map{"const": true}
	}
	return manifest.Map{"not": manifest.Map{"type": "null"}}
}

func (b *schemaBuilder) field(f *field, patch bool) manifest.Map {
	out := b.shape(f.shape, &f.rules, patch)
	if _, isRef := out["$ref"]; isRef {
		out = manifest.Map{"allOf": []any{out}} // nothing counts beside a $ref
	}
	if doc := f.doc(); doc != "" {
		out["description"] = doc
	}
	if f.rules.fallback != "" {
		out["default"] = yamlValue(f.rules.fallback, f.shape)
	}
	if f.rules.example != "" {
		out["examples"] = []any{yamlValue(f.rules.example, f.shape)}
	}
	return out
}

// shape is the schema of a type with the rules of the field that has it.
func (b *schemaBuilder) shape(s *shape, r *rules, patch bool) manifest.Map {
	switch s.class {
	case object:
		if s.short == nil {
			return b.ref(s, patch)
		}
		return manifest.Map{"oneOf": []any{textSchema(&s.short.rules), b.ref(s, patch)}}
	case list:
		return manifest.Map{"type": "array", "items": b.shape(s.elem, r.item, false)}
	case dict:
		out := manifest.Map{"type": "object", "additionalProperties": manifest.Map{"anyOf": []any{textSchema(r.value), manifest.Map{"type": "null"}}}}
		if names := formatSchema(r.key.format); len(names) > 0 {
			out["propertyNames"] = names
		}
		return out
	case open:
		return b.open(r)
	case text:
		return textSchema(r)
	case integer:
		out := manifest.Map{"type": "integer"}
		if r.min != nil {
			out["minimum"] = int64(*r.min)
		}
		if r.max != nil {
			out["maximum"] = int64(*r.max)
		}
		return out
	}
	return manifest.Map{"type": "boolean"}
}

func (b *schemaBuilder) open(r *rules) manifest.Map {
	switch {
	case r.patch == "":
		return manifest.Map{"type": "object"}
	case r.key.format == "":
		return b.ref(shapes().spec, true)
	}
	return manifest.Map{"type": "object", "propertyNames": formatSchema(r.key.format),
		"additionalProperties": manifest.Map{"anyOf": []any{b.ref(shapes().spec, true), manifest.Map{"type": "null"}}}}
}

func textSchema(r *rules) manifest.Map {
	out := manifest.Map{"type": "string"}
	if takesNumbers(r.format) {
		out["type"] = []any{"string", "number"}
	}
	for k, v := range formatSchema(r.format) {
		out[k] = v
	}
	if len(r.enum) > 0 {
		words := make([]any, len(r.enum))
		for i, w := range r.enum {
			words[i] = w
		}
		out["enum"] = words
	}
	if r.pattern != nil {
		out["pattern"] = r.pattern.String()
	}
	if r.minLength > 0 {
		out["minLength"] = int64(r.minLength)
	}
	if r.maxLength > 0 {
		out["maxLength"] = int64(r.maxLength)
	}
	return out
}

// yamlValue is the value of a default or an example in a tag.
func yamlValue(src string, s *shape) any {
	docs, errs := node.Parse("tag", []byte(src))
	if len(errs) > 0 || len(docs) != 1 {
		return src
	}
	d := decoder{}
	if v := d.value(docs[0], false); s.class != text {
		return v
	} else if str, ok := v.(string); ok {
		return str
	}
	return src
}
