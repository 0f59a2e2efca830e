package drill

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExpect(t *testing.T) {
	null := "\x00"
	tests := []struct {
		expect string
		met    []string
		unmet  []string
	}{
		{"", []string{"", "0", "x", null}, nil},
		{"  ", []string{"", null}, nil},
		{"t", []string{"t", " t "}, []string{"f", "", "T", "true", null}},
		{"= t", []string{"t"}, []string{"f", "= t", null}},
		{"=", []string{"", "  "}, []string{"x", null}},
		{"= >5", []string{">5"}, []string{"6"}},
		{"!= 0", []string{"1", "", "0.0"}, []string{"0", null}},
		{"> 0", []string{"1", "0.1", "+1", "123456789012345678901234567890"}, []string{"0", "-1", "", "many", "NaN", "1e9", "Infinity", null}},
		{">0", []string{"1"}, []string{"0"}},
		{">= 0.1", []string{"0.1", "0.10"}, []string{"0.09999999999999999999999"}},
		{"< -2", []string{"-2.5", "-3"}, []string{"-2", "0", "--3"}},
		{"<= 10", []string{"10", "9", "010"}, []string{"11", "1 0", "0x1"}},
		{"two words", []string{"two words"}, []string{"two"}},
		{"1e9", []string{"1e9"}, []string{"1000000000"}},
	}
	for _, tt := range tests {
		t.Run(tt.expect, func(t *testing.T) {
			e, err := ParseExpect(tt.expect)
			require.NoError(t, err)
			value := func(s string) *string {
				if s == null {
					return nil
				}
				return &s
			}
			for _, s := range tt.met {
				require.True(t, e.Met(value(s)), "%q", s)
			}
			for _, s := range tt.unmet {
				require.False(t, e.Met(value(s)), "%q", s)
			}
		})
	}
	for _, s := range []string{">", "> x", ">= 1e5", "< 1,000", "> > 1", "<= .5", "> 1.", "> --1", ">=" + strings.Repeat("9", 1001)} {
		_, err := ParseExpect(s)
		require.Error(t, err, "%q", s)
	}
}

// FuzzExpect: what is read has a normal form, which is read as the same, and numbers are in one of three relations to a limit.
func FuzzExpect(f *testing.F) {
	for _, s := range []string{"", "> 0", ">= -1.50", "= >5", "!=", "x", "<=0", " = a b ", "< +3"} {
		f.Add(s, "1")
	}
	f.Fuzz(func(t *testing.T, s, value string) {
		e, err := ParseExpect(s)
		if err != nil {
			return
		}
		again, err := ParseExpect(e.String())
		require.NoError(t, err)
		require.Equal(t, e.String(), again.String())
		require.Equal(t, e.Met(&value), again.Met(&value))
		require.Equal(t, e.Met(nil), again.Met(nil))
		if e.value == nil {
			return
		}
		met := 0
		for _, op := range []string{"<", "=", ">"} {
			if op == "=" {
				if both(t, ">=", e.text, value) && both(t, "<=", e.text, value) {
					met++
				}
			} else if both(t, op, e.text, value) {
				met++
			}
		}
		_, number := decimal(strings.TrimSpace(value))
		if number {
			require.Equal(t, 1, met)
		} else {
			require.Zero(t, met)
		}
	})
}

func both(t *testing.T, op, limit, value string) bool {
	t.Helper()
	e, err := ParseExpect(op + limit)
	require.NoError(t, err)
	return e.Met(&value)
}

// FuzzDecode: no bytes make it panic, and what is a config is written and read as itself.
func FuzzDecode(f *testing.F) {
	f.Add(sample().Encode())
	f.Add(sampleNewest().Encode())
	f.Add([]byte("{}"))
	f.Add([]byte("timeout: 1w2d"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Decode(c.Encode())
		require.NoError(t, err)
		require.Equal(t, c.Encode(), again.Encode())
		require.NoError(t, Archives(again.Scratch))
	})
}
