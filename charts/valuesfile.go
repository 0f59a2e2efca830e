package charts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/onggi-db/onggi/render/manifest"
)

// valuesFile is values.yaml: every value, with what it does.
func valuesFile(set string, values []*value) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, "# Values of %s. They are the database as it is without any environment: an environment's own are in\n", set)
	fmt.Fprintf(&out, "# values-<environment>.yaml, given beside this file.\n")
	writeTree(&out, 0, treeOf(values), true)
	return []byte(out.String())
}

// writeTree writes a level of the values, with a comment before each value.
func writeTree(out *strings.Builder, indent int, level tree, top bool) {
	for i, k := range sortedKeys(level) {
		if top || i > 0 && hasComment(level[k]) {
			out.WriteByte('\n')
		}
		pad := strings.Repeat(" ", indent)
		switch node := level[k].(type) {
		case tree:
			fmt.Fprintf(out, "%s%s:\n", pad, keyText(k))
			writeTree(out, indent+2, node, false)
		case *value:
			for i, line := range wrap(node.doc, 116-indent) {
				lead := "# -- "
				if i > 0 {
					lead = "# "
				}
				fmt.Fprintf(out, "%s%s%s\n", pad, lead, line)
			}
			out.WriteString(indented(indent, entryText(k, node.standard())))
		}
	}
}

// entryText is "key: value". A block whose last newlines count would take those of the next comment for its own.
func entryText(k string, v any) string {
	if s, ok := v.(string); ok && fragile(s) {
		return keyText(k) + ": " + scalarText(s) + "\n"
	}
	return string(manifest.AppendYAML(nil, manifest.Map{k: v}))
}

func hasComment(node any) bool { _, ok := node.(*value); return ok }

// environmentFile is values-<environment>.yaml: what the variant has otherwise than values.yaml.
func environmentFile(set, env string, values []*value, variant int) []byte {
	var differ []*value
	want := map[*value]any{}
	for _, v := range values {
		if w, differs := v.in(variant); differs {
			want[v] = overlay(v.standard(), w)
			differ = append(differ, v)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# What %s has of its own: helm upgrade --install %s . --values values-%s.yaml\n", env, set, env)
	if len(differ) == 0 {
		out.WriteString("{}\n")
		return []byte(out.String())
	}
	return manifest.AppendYAML([]byte(out.String()), plainTree(treeOf(differ), want))
}

func plainTree(level tree, want map[*value]any) manifest.Map {
	out := manifest.Map{}
	for k, node := range level {
		switch node := node.(type) {
		case tree:
			out[k] = plainTree(node, want)
		case *value:
			out[k] = want[node]
		}
	}
	return out
}

// wrap breaks text into lines of at most width characters, where its words allow. What cannot be seen, and has no place
// in a comment, becomes a question mark.
func wrap(text string, width int) []string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsGraphic(r) {
			return r
		}
		return '?'
	}, text)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// schemaFile is values.schema.json: closed, so that a value that nothing reads is an error and not a surprise.
func schemaFile(title string, values []*value) ([]byte, error) {
	root := closed(treeOf(values))
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = title
	// Helm gives a chart that is a dependency its parent's globals.
	root["properties"].(manifest.Map)["global"] = manifest.Map{
		"type": "object", "description": "What a parent chart shares with its dependencies. This chart reads none of it.",
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write values.schema.json: %w", err)
	}
	return append(text, '\n'), nil
}

// closed is the schema of a level. What templates read is required: Helm takes a value away that is set to null, and would render
// nothing, or a zero, in its place.
func closed(level tree) manifest.Map {
	properties := manifest.Map{}
	var required []any
	for _, k := range sortedKeys(level) {
		switch node := level[k].(type) {
		case tree:
			properties[k] = closed(node)
			required = append(required, k)
		case *value:
			properties[k] = node.property()
			if !node.emptyable && !node.removable {
				required = append(required, k)
			}
		}
	}
	schema := manifest.Map{"type": "object", "additionalProperties": false, "properties": properties}
	if required != nil {
		schema["required"] = required
	}
	return schema
}

// property is the value's JSON Schema.
func (v *value) property() manifest.Map {
	schema := manifest.Map{}
	switch {
	case v.schema == nil:
		schema["type"] = v.types()
	case v.emptyable:
		schema["anyOf"] = []any{manifest.Clone(v.schema), manifest.Map{"const": v.empty()}}
	default:
		schema = manifest.Clone(v.schema)
	}
	if enum, ok := schema["enum"].([]any); ok {
		schema["enum"] = v.within(enum)
	}
	if schema["description"] == nil {
		schema["description"] = v.doc
	}
	return schema
}

// within are the choices that were found to work, and those that a variant makes: what does not go with the standard's other fields may go
// with a variant's.
func (v *value) within(enum []any) []any {
	for _, o := range v.opinions {
		if o.has && !slices.Contains(enum, o.value) {
			enum = append(enum, o.value)
		}
	}
	return enum
}

// types are the JSON types of what the variants have: a name, or a list of names.
func (v *value) types() any {
	var types []any
	for _, o := range v.opinions {
		if t := jsonType(o.value); o.has && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	if len(types) == 1 {
		return types[0]
	}
	return types
}

func jsonType(v any) any {
	switch v.(type) {
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	default:
		return "object"
	}
}
