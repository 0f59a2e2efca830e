package plan

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

func TestBytes(t *testing.T) {
	for quantity, want := range map[string]int64{
		"1": 1, "1k": 1000, "1Ki": 1024, "10Gi": 10 << 30, "1.5Gi": 3 << 29, "500m": 0, "1500m": 1, "2e3": 2000, "1E": 1e18,
	} {
		got, ok := Bytes(quantity)
		require.True(t, ok, quantity)
		require.Equal(t, want, got, quantity)
	}
	for _, quantity := range []string{"", "10GB", "ten", "1e99", "Gi"} {
		_, ok := Bytes(quantity)
		require.False(t, ok, quantity)
	}
}

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"1", "1000m", 0}, {"1Gi", "1024Mi", 0}, {"1G", "1Gi", -1}, {"500m", "1", -1}, {"0.5", "400m", 1}, {"2", "1500m", 1}, {"-1", "1", -1}} {
		got, ok := Compare(tc.a, tc.b)
		require.True(t, ok)
		require.Equal(t, tc.want, got, "%s and %s", tc.a, tc.b)
	}
	for _, pair := range [][2]string{{"1", ""}, {"", "1"}, {"much", "1"}, {"1.2.3", "1"}} {
		_, ok := Compare(pair[0], pair[1])
		require.False(t, ok, pair)
	}
}

// FuzzCompare holds the quick ways through Bytes and Compare against exact arithmetic.
func FuzzCompare(f *testing.F) {
	f.Add("1024Mi", "1Gi")
	f.Add("9223372036854775807", "8Ei")
	f.Add("1500m", "1.5")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, isA := spec.ParseQuantity(a)
		y, isB := spec.ParseQuantity(b)
		got, ok := Compare(a, b)
		require.Equal(t, isA && isB, ok)
		if ok {
			require.Equal(t, x.Cmp(y), got, "%q and %q", a, b)
		}
		size, ok := Bytes(a)
		if isA {
			whole := new(big.Int).Quo(x.Num(), x.Denom())
			require.Equal(t, whole.IsInt64(), ok, a)
			require.True(t, !ok || whole.Int64() == size, a)
		} else {
			require.False(t, ok, a)
		}
	})
}

func TestPostgresBytes(t *testing.T) {
	for _, tc := range []struct {
		value      string
		unit, want int64
	}{
		{"16384", 8 << 10, 128 << 20}, {"256MB", 8 << 10, 256 << 20}, {"1GB", 1 << 20, 1 << 30}, {"2 GB", 1, 2 << 30},
		{"1.5GB", 1, 3 << 29}, {"512kB", 1, 512 << 10}, {"100B", 1, 100}, {"1TB", 1, 1 << 40},
	} {
		got, ok := PostgresBytes(tc.value, tc.unit)
		require.True(t, ok, tc.value)
		require.Equal(t, tc.want, got, tc.value)
	}
	for _, value := range []string{"", "lots", "1GiB", "GB"} {
		_, ok := PostgresBytes(value, 1)
		require.False(t, ok, value)
	}
}

func TestVersion(t *testing.T) {
	for _, tc := range []struct {
		version      string
		major, minor int
		want         bool
	}{
		{"1.30", 1, 26, true}, {"1.25", 1, 26, false}, {"1.26.1", 1, 26, true}, {"2.0", 1, 99, true}, {"1", 1, 99, true}, {"0.9", 1, 0, false},
	} {
		v, err := ParseVersion(tc.version)
		require.NoError(t, err)
		require.Equal(t, tc.want, v.AtLeast(tc.major, tc.minor), tc.version)
		require.Equal(t, tc.version, v.String())
	}
	for _, bad := range []string{"", "a", "1.2.3.4", "1.-2", "1..2"} {
		_, err := ParseVersion(bad)
		require.Error(t, err, bad)
	}
}
