package gather_test

import (
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/internal/gather"
	"github.com/onggi-db/onggi/render/manifest"
)

// Whoever makes a part, each is made once, and stands in its place.
func TestObjectsStandInTheOrderOfTheirParts(t *testing.T) {
	for count := range 20 {
		var calls atomic.Int32
		var parts []func() []manifest.Object
		var want []string
		for i := range count {
			name := strconv.Itoa(i)
			for range i % 3 { // some parts are empty
				want = append(want, name)
			}
			parts = append(parts, func() []manifest.Object {
				calls.Add(1)
				return make([]manifest.Object, 0, 2*i)[:i%3]
			})
			part := parts[i]
			parts[i] = func() []manifest.Object {
				objs := part()
				for j := range objs {
					objs[j].Origin = name
				}
				return objs
			}
		}
		for range 100 {
			calls.Store(0)
			var got []string
			helper := gather.Call()
			for _, o := range helper.Objects(parts...) {
				got = append(got, o.Origin)
			}
			helper.Leave()
			require.Equal(t, want, got)
			require.EqualValues(t, count, calls.Load())
		}
	}
}

// Two parts that wait for each other are only made when two goroutines make them.
func TestObjectsAreMadeByTwo(t *testing.T) {
	first, last := make(chan bool), make(chan bool)
	helper := gather.Call()
	defer helper.Leave()
	objs := helper.Objects(
		func() []manifest.Object { first <- true; <-last; return make([]manifest.Object, 1) },
		func() []manifest.Object { <-first; last <- true; return make([]manifest.Object, 2) },
	)
	require.Len(t, objs, 3)
}
