package manifest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	yamlv2 "go.yaml.in/yaml/v2"
	yamlv3 "go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// source makes values out of bytes, so that a fuzzer that changes bytes changes values.
type source []byte

func (s *source) byte() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

func (s *source) text() string {
	if c := s.byte(); c < 160 {
		return words[int(c)%len(words)]
	}
	n := min(int(s.byte())%40, len(*s))
	t := string((*s)[:n])
	*s = (*s)[n:]
	return t
}

func (s *source) value(depth int) any {
	c := s.byte() % 16
	if depth <= 0 && c >= 11 {
		c %= 11
	}
	switch c {
	case 0:
		return nil
	case 1:
		return s.byte()%2 == 0
	case 2:
		return int64(int8(s.byte()))
	case 3:
		var b [8]byte
		n := copy(b[:], *s)
		*s = (*s)[n:]
		f := math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0.5
		}
		return f
	case 4:
		return int64(binary.LittleEndian.Uint16([]byte{s.byte(), s.byte()})) << 48
	case 11, 12:
		items := make([]any, s.byte()%4)
		for i := range items {
			items[i] = s.value(depth - 1)
		}
		return items
	case 13, 14, 15:
		return s.mapping(depth)
	default:
		return s.text()
	}
}

func (s *source) mapping(depth int) Map {
	m := Map{}
	for range s.byte() % 5 {
		m[validString(s.text())] = s.value(depth - 1)
	}
	return m
}

// words are strings that some YAML reader or other takes for something else, or that writers get wrong.
var words = []string{
	"", " ", "  a", "a ", "a", "yes", "No", "ON", "off", "y", "N", "true", "FALSE", "null", "~", "Null", "yEs",
	"0", "-1", "+1", "1.0", "1.", ".5", "-.5", "1e3", "1E+3", "1.5e-7", ".inf", "-.Inf", "+.INF", ".nan", ".NaN",
	"0x1F", "0X1f", "-0x1", "0o17", "0O17", "017", "08", "0b101", "0b-1", "0b+1", "-0b1", "1_000", "+_1", "0_x1F", "1,000", "12:30", "190:20:30", "190:20:30.15", "1:2", "-1:30",
	"2001-12-14", "2001-1-2", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-14T21:59:43Z", "2001-12",
	"=", "<<", "<", "-", "--", "---", "--- a", "...", "... a", ".", "..", "- a", "-a", "?", "? a", "?a", ":", ": a", ":a", "a:", "a: b", "a:b", "a #b", "a#b", "#", "# a",
	"&a", "*a", "!a", "!!str a", "|", ">", "'", "\"", "a'b", "a\"b", "'\"", "%a", "@a", "`a", "{", "}", "[a]", "{a: b}", ",", ",a", "a\\b", "\\n", "\"a\"",
	"\n", "\n\n", "a\n", "a\nb", "a\n\nb\n", "a\n\n", "\na", "\n\na\n", " a\nb", "\ta\nb", "a\n b\n", "a\n\tb\n", "a \nb", "a\nb ", "# a\nb\n", "- a\n- b\n", "---\na\n", "a\n---\n", "a\n...\n", "\n b\n", "a\n  \nb\n",
	"\t", "a\tb", "\ta", "a\t", "a\r\nb\r\n", "\r", "a\rb", "\x00", "\x1b[1m", "\x7f", "\u0085", "a\u0085b", "\u00a0", "a\u2028b", "a\u2029b\n", "\ufeff", "\ufeffa", "a\ufeffb\nc", "\ufffe", "\uffff", "\ufffd",
	"한글", "한글\n두 줄\n", "é", "😀", "👨\u200d👩\u200d👧", "a\u202eb", "\u200b", "\U000e0001", "\U0010ffff", "\xff", "a\xc3", "\xed\xa0\x80",
	"10Gi", "500m", "1.5Gi", "10.0.0.1", "1.2.3", "17.10", "0 0 * * *", "0 0 0 * * *", "5432/tcp", "--config=x", "s3://lemon-backup/cnpg-backup", "{{ .Values.x }}", "$(POD_NAME)", "app.kubernetes.io/name",
	"9223372036854775807", "9223372036854775808", "18446744073709551616", "1e400", "0e0", "1e", "E4", "+E4", "e", "+", "+a", "0x", "0x_", "0xg", "123abc",
}

// plainly turns what a YAML or JSON library decoded into canonical values.
func plainly(v any) any {
	switch v := v.(type) {
	case map[any]any:
		out := Map{}
		for k, e := range v {
			out[fmt.Sprint(k)] = plainly(e)
		}
		return out
	case map[string]any:
		out := Map{}
		for k, e := range v {
			out[k] = plainly(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainly(e)
		}
		return out
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return err
		}
		return Canonical(f)
	case uint64:
		return float64(v)
	case nil, bool, string, int, int64, float64:
		return Canonical(v)
	default:
		return fmt.Sprintf("a %T", v)
	}
}

// readers are the YAML readers that manifests meet: kubectl's, Helm's and Kustomize's (1.1 booleans, JSON numbers), plain
// YAML 1.1 and YAML 1.2.
var readers = map[string]func([]byte) (any, error){
	"sigs.k8s.io/yaml": func(data []byte) (any, error) {
		var v any
		err := sigsyaml.UnmarshalStrict(data, &v, func(d *json.Decoder) *json.Decoder { d.UseNumber(); return d })
		return plainly(v), err
	},
	"yaml/v2": func(data []byte) (any, error) {
		var v any
		err := yamlv2.UnmarshalStrict(data, &v)
		return plainly(v), err
	},
	"yaml/v3": func(data []byte) (any, error) {
		var v any
		err := yamlv3.Unmarshal(data, &v)
		return plainly(v), err
	},
}
