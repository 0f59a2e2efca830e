package manifest

import "unicode/utf8"

// EncodeJSON writes v as compact JSON with sorted keys and no newline at the end: one form for one value, fit for
// hashing. It takes what [AppendYAML] takes. A number that is not finite becomes null, as in JavaScript.
func EncodeJSON(v any) []byte {
	return AppendJSON(nil, v)
}

// AppendJSON appends to dst what [EncodeJSON] returns.
func AppendJSON(dst []byte, v any) []byte {
	e := newEncoder(dst)
	e.json(v)
	return e.dst
}

func (e *encoder) json(v any) {
	switch v := v.(type) {
	case Map:
		e.jsonObject(e.push(v))
	case *Fields:
		e.jsonObject(e.pushFields(v))
	case map[string]string:
		e.jsonObject(e.pushStrings(v))
	case []any:
		jsonArray(e, v)
	case []string:
		jsonArray(e, v)
	case []Map:
		jsonArray(e, v)
	case string:
		e.jsonString(v)
	case bool:
		if v {
			e.dst = append(e.dst, "true"...)
		} else {
			e.dst = append(e.dst, "false"...)
		}
	case nil:
		e.dst = append(e.dst, "null"...)
	default:
		e.dst = appendNumber(e.dst, v, jsonNumber)
	}
}

// jsonObject writes the fields from base on and pops them.
func (e *encoder) jsonObject(base int) {
	e.dst = append(e.dst, '{')
	for i := base; i < len(e.fields); i++ {
		if i > base {
			e.dst = append(e.dst, ',')
		}
		f := e.fields[i]
		e.jsonString(f.key)
		e.dst = append(e.dst, ':')
		e.json(f.value)
	}
	e.fields = e.fields[:base]
	e.dst = append(e.dst, '}')
}

func jsonArray[T any](e *encoder, items []T) {
	e.dst = append(e.dst, '[')
	for i, item := range items {
		if i > 0 {
			e.dst = append(e.dst, ',')
		}
		e.json(any(item))
	}
	e.dst = append(e.dst, ']')
}

// jsonString keeps every character readable that JSON lets stand, but for those that [hidden] names in the first plane.
func (e *encoder) jsonString(s string) {
	e.dst = append(e.dst, '"')
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			e.dst = appendEscaped(e.dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError:
			e.dst = append(e.dst, "\ufffd"...)
		case r <= 0xffff && hidden(r):
			e.dst = appendHex(append(e.dst, `\u`...), r, 4)
		default:
			e.dst = append(e.dst, s[i:i+n]...)
		}
		i += n
	}
	e.dst = append(e.dst, '"')
}
