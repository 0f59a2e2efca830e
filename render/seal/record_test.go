package seal

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecordsAsText(t *testing.T) {
	records := map[string]Record{
		"password": {Origin: Made, Fingerprint: "SHA256:a"},
		"ID":       {Origin: Given, Fingerprint: "SHA256:b", Digest: "01020304:ff"},
		"username": {Origin: Named, Fingerprint: "SHA256:c", Value: "app \"x\"\n"},
	}
	text := formatRecords(records)
	require.Equal(t, "ID given SHA256:b 01020304:ff\npassword made SHA256:a\nusername named SHA256:c \"app \\\"x\\\"\\n\"\n", text)
	back, err := parseRecords(text)
	require.NoError(t, err)
	require.Equal(t, records, back)
}

func TestRecordsThatAreNone(t *testing.T) {
	for _, text := range []string{
		"\n", "password", "password made", "password made \n", "password made SHA256:a", "password made SHA256:a more\n", "ID given SHA256:a\n", "ID given SHA256:a b c\n",
		"u named SHA256:a app\n", "u named SHA256:a `app`\n", "u borrowed SHA256:a\n", " made SHA256:a\n", "a made SHA256:a\na made SHA256:a\n",
	} {
		_, err := parseRecords(text)
		require.Error(t, err, "%q", text)
	}
}

func FuzzRecords(f *testing.F) {
	f.Add("ID given SHA256:b 01020304:ff\npassword made SHA256:a\nusername named SHA256:c \"app\"\n")
	f.Add("a made b\n")
	f.Fuzz(func(t *testing.T, text string) {
		records, err := parseRecords(text)
		if err != nil {
			return
		}
		again, err := parseRecords(formatRecords(records))
		require.NoError(t, err)
		require.Equal(t, records, again)
	})
}

// A digest says that a value is the same at the same place, and nothing else.
func TestDigestCoversItsPlace(t *testing.T) {
	key := DigestKey(bytes.Repeat([]byte{1}, 32))
	base := []string{"SHA256:a", "strict", "ns", "name", "key", "value"}
	of := func(k DigestKey, f []string) string {
		return k.digest(f[0], Scope(f[1]), f[2], f[3], f[4], []byte(f[5]))
	}
	same := of(key, base)
	require.Equal(t, same, of(key, slices.Clone(base)))
	require.True(t, key.comparable(same))
	seen := map[string]bool{same: true}
	for i := range base {
		changed := slices.Clone(base)
		changed[i] += "x"
		require.False(t, seen[of(key, changed)], "field %d", i)
		seen[of(key, changed)] = true
	}
	moved := slices.Clone(base) // the same characters, cut elsewhere
	moved[2], moved[3] = "nsn", "ame"
	require.False(t, seen[of(key, moved)])
	other := DigestKey(bytes.Repeat([]byte{2}, 32))
	require.NotEqual(t, same, of(other, base))
	require.False(t, other.comparable(same))
	require.False(t, DigestKey(nil).comparable(same))
	require.NotContains(t, same, "value")
}
