package ctl

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// asYAML writes JSON as YAML in blocks, with the keys in order. A library that writes any YAML is a hundredth of the whole program.
func asYAML(data []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	writeYAML(&b, tree, "")
	return b.Bytes(), nil
}

// writeYAML writes a value in lines of its own, each behind the indent but for the first.
func writeYAML(b *bytes.Buffer, value any, indent string) {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			b.WriteString("{}\n")
		}
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(indent)
			}
			b.WriteString(scalar(key) + ":")
			nestYAML(b, v[key], indent)
		}
	case []any:
		if len(v) == 0 {
			b.WriteString("[]\n")
		}
		for i, one := range v {
			if i > 0 {
				b.WriteString(indent)
			}
			b.WriteString("- ")
			writeYAML(b, one, indent+"  ")
		}
	case string:
		b.WriteString(scalar(v) + "\n")
	default:
		text, _ := json.Marshal(v) // a number, a boolean or null
		b.Write(append(text, '\n'))
	}
}

// nestYAML writes the value of a key: in the same line, or below it.
func nestYAML(b *bytes.Buffer, value any, indent string) {
	switch v := value.(type) {
	case map[string]any:
		if len(v) > 0 {
			b.WriteString("\n" + indent + "  ")
			writeYAML(b, v, indent+"  ")
			return
		}
	case []any:
		if len(v) > 0 {
			b.WriteString("\n" + indent)
			writeYAML(b, v, indent)
			return
		}
	}
	b.WriteByte(' ')
	writeYAML(b, value, indent)
}

// scalar is a text as it is where nothing else could be meant by it, and in quotes otherwise: JSON's are YAML's.
func scalar(s string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	plain := s != "" && strings.Trim(s[:1], letters) == "" && strings.Trim(s, letters+"0123456789_-./ ") == "" && !strings.HasSuffix(s, " ")
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		plain = false
	}
	if plain {
		return s
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string
	return strings.TrimSuffix(b.String(), "\n")
}
