package manifest

import (
	"iter"
	"slices"
)

// Fields is a mapping as builders write it: a short list of fields in the order written, each found by looking at one after another.
// A cluster has five hundred mappings of three fields, which cost little more than half as much to make so as they do as a [Map]; who wants to
// look around in an object asks for its [Object.Body]. A nil *Fields is an empty mapping that cannot be written to.
type Fields struct{ list []field }

// field is one field of a mapping, as it is built and as it is encoded.
type field struct {
	key   string
	value any
}

// Of is the mapping of keys and values in turn: Of("name", "shop", "instances", int64(3)). A value may be anything that [AppendYAML]
// takes. It panics where a key is no string, or has no value; that no key stands there twice is for the caller to see to.
func Of(pairs ...any) *Fields {
	if len(pairs)%2 != 0 {
		panic("manifest: Of wants a value for each key")
	}
	f := fieldsOf(len(pairs) / 2)
	for i := range f.list {
		f.list[i] = field{pairs[2*i].(string), pairs[2*i+1]}
	}
	return f
}

// With is f with more fields behind its own, for what is the same for many: With leaves f as it is, which may so be shared.
func (f *Fields) With(pairs ...any) *Fields {
	out := fieldsOf(f.Len() + len(pairs)/2)
	out.list = out.list[:copy(out.list, f.all())]
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i].(string), pairs[i+1])
	}
	return out
}

// inline is a small mapping, which has its fields in one piece of memory with itself. Most are small.
type inline[few any] struct {
	Fields
	few few
}

// fieldsOf has n fields, and mostly room for one that is set later.
func fieldsOf(n int) *Fields {
	switch n {
	case 0:
		return &Fields{}
	case 1:
		f := &inline[[1]field]{}
		f.list = f.few[:]
		return &f.Fields
	case 2:
		f := &inline[[2]field]{}
		f.list = f.few[:]
		return &f.Fields
	case 3, 4:
		f := &inline[[4]field]{}
		f.list = f.few[:n]
		return &f.Fields
	case 5, 6:
		f := &inline[[6]field]{}
		f.list = f.few[:n]
		return &f.Fields
	case 7, 8:
		f := &inline[[8]field]{}
		f.list = f.few[:n]
		return &f.Fields
	}
	return &Fields{make([]field, n)}
}

// Room is an empty mapping with room for n fields.
func Room(n int) *Fields {
	f := fieldsOf(n)
	f.list = f.list[:0]
	return f
}

// Get is the value of a field; nil where there is none.
func (f *Fields) Get(key string) any {
	if i := f.find(key); i >= 0 {
		return f.list[i].value
	}
	return nil
}

// Below is the mapping in a field; nil where there is none.
func (f *Fields) Below(key string) *Fields {
	below, _ := f.Get(key).(*Fields)
	return below
}

// Set gives a field its value, behind the others if it is new.
func (f *Fields) Set(key string, value any) {
	if i := f.find(key); i >= 0 {
		f.list[i].value = value
		return
	}
	f.list = append(f.list, field{key, value})
}

// Add sets all fields of another mapping.
func (f *Fields) Add(other *Fields) {
	for _, field := range other.all() {
		f.Set(field.key, field.value)
	}
}

// Delete takes a field away, if it is there.
func (f *Fields) Delete(key string) {
	if i := f.find(key); i >= 0 {
		f.list = slices.Delete(f.list, i, i+1)
	}
}

// Len is how many fields there are.
func (f *Fields) Len() int {
	return len(f.all())
}

func (f *Fields) all() []field {
	if f == nil {
		return nil
	}
	return f.list
}

// All are the fields in the order written.
func (f *Fields) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, field := range f.all() {
			if !yield(field.key, field.value) {
				return
			}
		}
	}
}

// Map is a copy as a canonical mapping.
func (f *Fields) Map() Map {
	out := make(Map, f.Len())
	for k, v := range f.All() {
		out[validString(k)] = Canonical(v)
	}
	return out
}

// MarshalJSON is [EncodeJSON].
func (f *Fields) MarshalJSON() ([]byte, error) { return EncodeJSON(f), nil }

// find is where a field is; -1 where it is not.
func (f *Fields) find(key string) int {
	for i, field := range f.all() {
		if field.key == key {
			return i
		}
	}
	return -1
}
