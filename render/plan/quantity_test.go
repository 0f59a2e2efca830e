package plan

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestQuantity(t *testing.T) {
	for written, canonical := range map[string]string{
		"0.5": "500m", "500m": "500m", "1000m": "1", "1500m": "1500m", "1.5": "1500m", "2": "2", "2.0": "2", "0": "0", "0Gi": "0", "0.0": "0",
		"1024Mi": "1Gi", "512Mi": "512Mi", "1Gi": "1Gi", "1.5Gi": "1536Mi", "0.5Gi": "512Mi", "0.1Gi": "107374182400m", "2048Ki": "2Mi",
		"1000Mi": "1000Mi", "1000M": "1G", "1G": "1G", "1500M": "1500M", "1e3": "1e3", "1000e3": "1e6", "1e-3": "1e-3", "12E2": "1200",
		"0.5Ki": "512", "1Ki": "1Ki", "1.0001Ki": "1024102400u", "100n": "100n", "0.0000000001": "1n", "8Ei": "8Ei", "1000E": "1000E",
		"ten": "ten", "": "", "10GB": "10GB",
	} {
		require.Equal(t, canonical, Quantity(written), written)
	}
}

// FuzzQuantity holds Quantity against the library that every operator reads and writes quantities with.
func FuzzQuantity(f *testing.F) {
	for _, s := range []string{"0.5", "1024Mi", "1.500", "+5Gi", "-1.5Gi", "010Mi", "1e3", "15e-1", "999999999999999999", "9223372036854775807", "0.1Gi", "1024", "1Ei", ".5", "5."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 40 {
			return
		}
		size, whole := Bytes(s)
		if !whole || size > 1<<62 || size < -(1<<62) {
			return // not a quantity, or one that no machine has; the library takes minutes over 1e999999
		}
		parsed, err := resource.ParseQuantity(s)
		if err != nil {
			return
		}
		require.Equal(t, parsed.String(), Quantity(s), "%q", s)
		again := resource.MustParse(parsed.String())
		require.Equal(t, again.String(), Quantity(Quantity(s)), "%q", s)
	})
}

func TestSum(t *testing.T) {
	for _, c := range [][3]string{
		{"10Gi", "5Gi", "15Gi"}, {"7Gi", "1536Mi", "8704Mi"}, {"1Ti", "1Ti", "2Ti"}, {"1500M", "1Ki", "1500001024"}, {"512", "512", "1Ki"}, {"1Gi", "much", "1Gi"}, {"", "1Gi", ""},
	} {
		require.Equal(t, c[2], Sum(c[0], c[1]), c)
	}
}
