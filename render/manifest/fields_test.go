package manifest

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A mapping of fields is what a Map of the same keys and values is: when it is read, when it is written to, in every form.
func TestFieldsAreAMapping(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		want := randomMap(random, 3)
		got := asFields(want)
		for range random.IntN(8) {
			key := string(rune('a' + random.IntN(5)))
			if random.IntN(3) == 0 {
				delete(want, key)
				got.Delete(key)
				continue
			}
			value := any(int64(random.IntN(3)))
			if random.IntN(3) == 0 {
				value = []any{randomMap(random, 1)}
			}
			want[key] = value
			got.Set(key, value)
		}
		require.Equal(t, len(want), got.Len())
		require.Equal(t, want, got.Map())
		require.Equal(t, Canonical(want), Canonical(got))
		require.True(t, EqualValue(want, got))
		require.Equal(t, string(AppendYAML(nil, want)), string(AppendYAML(nil, got)))
		require.Equal(t, string(EncodeJSON(want)), string(EncodeJSON(got)))
		for key, value := range want {
			require.True(t, EqualValue(value, got.Get(key)), "%s of %v", key, want)
			_, found := Get(got, key)
			require.True(t, found, "%s of %v", key, want)
		}
		require.Nil(t, got.Get("none"))
		require.Equal(t, len(want), len(maps.Collect(got.All())))
		more := got.With("a", "another")
		require.Equal(t, want, got.Map(), "With leaves alone what it is asked of")
		require.Equal(t, "another", more.Get("a"))
	}
}

func TestFieldsOf(t *testing.T) {
	for n := range 9 {
		var pairs []any
		want := Map{}
		for i := range n {
			key := string(rune('a' + i))
			pairs = append(pairs, key, i)
			want[key] = int64(i)
		}
		require.Equal(t, want, Of(pairs...).Map())
	}
	odd := []any{"a"}
	require.Panics(t, func() { Of(odd...) })
	require.Panics(t, func() { Of(1, "a") })
}

// Nothing is an empty mapping.
func TestNoFields(t *testing.T) {
	var none *Fields
	require.Zero(t, none.Len())
	require.Nil(t, none.Get("a"))
	require.Nil(t, none.Below("a"))
	require.Equal(t, Map{}, none.Map())
	require.Equal(t, "{}\n", string(AppendYAML(nil, none)))
	require.Equal(t, 1, none.With("a", 1).Len())
}

// An object that was made of fields says the same as one with a body, before somebody asks for its body and after that; whatever
// its copies are changed by, they have in common.
func TestObjectsOfFields(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		body := Map{"apiVersion": "v1", "kind": "Secret", "metadata": Map{"name": "shop", "namespace": "databases"}, "data": randomMap(random, 3)}
		made, given := Object{}.Made(asFields(body)), New(body)
		same := func() {
			require.Equal(t, given.Ref(), made.Ref())
			require.Equal(t, string(Encode(given)), string(Encode(made)))
			require.Empty(t, Diff([]Object{given}, []Object{made.Clone()}))
		}
		same()
		require.NotNil(t, made.Fields())
		copied := made
		require.Equal(t, body, made.Body())
		require.Nil(t, made.Fields())
		same()
		copied.Body()["data"] = "changed"
		require.Equal(t, "changed", made.Body()["data"])
	}
	require.Equal(t, Ref{}, Object{}.Ref())
	require.Nil(t, Object{}.Body())
}

// Any number of goroutines may ask one object for its body. Run with -race.
func TestBodyInParallel(t *testing.T) {
	o := Object{}.Made(Of("kind", "Secret", "metadata", Of("name", "shop")))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if o.Body()["kind"] != "Secret" || o.Ref().Name != "shop" || len(Encode(o)) == 0 {
				t.Error("the object says something else")
			}
		})
	}
	wait.Wait()
}

// A builder may hand fields to encoding/json, within other values too.
func TestFieldsAsJSON(t *testing.T) {
	text, err := json.Marshal(map[string]any{"x": Of("b", 1, "a", Of())})
	require.NoError(t, err)
	require.JSONEq(t, `{"x": {"a": {}, "b": 1}}`, string(text))
}
