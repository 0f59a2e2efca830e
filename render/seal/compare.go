package seal

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// How is what a person asked for, and what there is to do it with.
type How struct {
	Scope Scope
	// Digest is the local key; nil when there is none, and then nothing that is given can be compared.
	Digest DigestKey
	// Rotate says which keys get a new value. Nil is none.
	Rotate func(name, key string) bool
	// Anew seals everything again that was sealed for another certificate or scope.
	Anew bool
}

// Action is what is done with one key.
type Action string

// The actions.
const (
	Keep Action = "kept"
	Make Action = "made"
	Take Action = "given"
	Name Action = "named"
)

// Todo is what is done with one key, and why; Why is empty for a key that is kept for no other reason than that it is right.
type Todo struct {
	Key    string `json:"key"`
	Action Action `json:"action"`
	Why    string `json:"why,omitempty"`
}

// Missing is a key whose value nobody gave.
type Missing struct {
	Key Key
	Why string // why the one that is there, if any, will not do
}

// Step is what has to be done for one Secret.
type Step struct {
	Want    Want
	Have    *Have // nil when there is none
	Todos   []Todo
	Missing []Missing
	// Stale are keys that are kept although they are sealed for another certificate or scope.
	Stale []string
	// Reshaped says that the file is written anew with the same ciphertext: its type or its labels are not those wanted.
	Reshaped string

	how    How
	cert   Certificate
	scope  Scope
	values map[string][]byte
}

// keyName is what Kubernetes takes for the key of a Secret.
var keyName = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)

// Compare holds what is there against what is wanted. The values are those that a person gave, by key. The certificate may be
// the zero one when nothing is going to be sealed. An error is a value that will not do, or a file that is not onggi's to write.
func Compare(want Want, have *Have, values map[string][]byte, cert Certificate, how How) (*Step, error) {
	s := &Step{Want: want, Have: have, how: how, cert: cert, scope: how.Scope, values: values}
	if err := checkValues(want, values); err != nil {
		return nil, err
	}
	if have != nil && !have.Ours() {
		return s, s.foreign()
	}
	if have != nil && have.Scope != how.Scope && !how.Anew {
		s.scope = have.Scope // an object has one scope, and what is kept has the old one
	}
	for _, k := range want.Keys {
		if !keyName.MatchString(k.Name) {
			return nil, fmt.Errorf("%q is no name for a key: letters, digits, '-', '_' and '.' are", k.Name)
		}
		s.compare(k)
	}
	if have != nil {
		s.others()
		s.Reshaped = s.reshaped()
	}
	return s, nil
}

// Changed reports whether the file has to be written.
func (s *Step) Changed() bool {
	return s.Reshaped != "" || slices.ContainsFunc(s.Todos, func(t Todo) bool { return t.Action != Keep })
}

func (s *Step) do(key string, a Action, why string) {
	s.Todos = append(s.Todos, Todo{key, a, why})
}

func (s *Step) miss(k Key, why string) { s.Missing = append(s.Missing, Missing{k, why}) }

// compare decides what becomes of one key.
func (s *Step) compare(k Key) {
	value, given := s.values[k.Name]
	rotate := s.how.Rotate != nil && s.how.Rotate(s.Want.Name, k.Name)
	var record Record
	there := s.Have.has(k.Name)
	if there {
		record = s.Have.Records[k.Name]
	}
	stale := s.stale(there, record)
	anew := stale && s.how.Anew
	switch {
	case k.Value != "":
		s.named(k, there && !anew, record)
	case given:
		s.given(k, there && !anew && !rotate, record, value)
	case k.Made && (rotate || !there):
		s.do(k.Name, Make, reason(rotate && there, "rotated"))
	case !there:
		s.miss(k, "")
	case rotate:
		s.miss(k, "it cannot be made up, so a new value has to be given")
	case anew && record.Origin == Made:
		s.miss(k, "it was made here and nobody knows it")
	case anew:
		s.miss(k, "what is sealed cannot be read back")
	default:
		s.do(k.Name, Keep, "")
	}
	if last := len(s.Todos) - 1; stale && last >= 0 && s.Todos[last] == (Todo{k.Name, Keep, ""}) {
		s.Stale = append(s.Stale, k.Name)
	}
}

func reason(when bool, why string) string {
	if when {
		return why
	}
	return "new"
}

// stale reports whether a key is sealed for another certificate or scope than would be used now.
func (s *Step) stale(there bool, r Record) bool {
	return there && s.cert.key != nil && (r.Fingerprint != s.cert.Fingerprint || s.Have.Scope != s.how.Scope)
}

func (s *Step) named(k Key, there bool, r Record) {
	switch {
	case !there:
		s.do(k.Name, Name, "new")
	case r.Origin == Named && r.Value == k.Value:
		s.do(k.Name, Keep, "")
	default:
		s.do(k.Name, Name, "it must be "+k.Value)
	}
}

// given compares a value with the one that was sealed, by digest.
func (s *Step) given(k Key, there bool, r Record, value []byte) {
	switch {
	case !there:
		s.do(k.Name, Take, reason(s.Have.has(k.Name), "sealed anew"))
	case r.Origin != Given:
		s.do(k.Name, Take, "given in place of one that was made")
	case !s.how.Digest.comparable(r.Digest):
		s.do(k.Name, Take, "it was sealed with another digest key, so nobody can tell whether it is the same")
	case r.Digest == s.how.Digest.digest(r.Fingerprint, s.Have.Scope, s.Want.Namespace, s.Want.Name, k.Name, value):
		s.do(k.Name, Keep, "")
	default:
		s.do(k.Name, Take, "another value")
	}
}

// others are keys of the file that nothing here wants: another environment may. They are kept, which another scope would not
// let them be.
func (s *Step) others() {
	if s.scope == s.Have.Scope {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(s.Have.encrypted)) {
		if _, wanted := s.Want.key(key); !wanted {
			s.miss(Key{Name: key, Why: "not asked for here"}, "it would be lost with another scope: give it, or delete it from the file")
		}
	}
}

// reshaped says what of the object is not as it is wanted, "" for nothing.
func (s *Step) reshaped() string {
	switch {
	case s.Have.Type != s.Want.Type:
		return "type " + s.Want.Type + " in place of " + s.Have.Type
	case text(s.Have.Object.Body(), "metadata", "annotations", EnvironmentsAnnotation) != strings.Join(s.Want.Environments, ","):
		return "environments"
	}
	for key, value := range s.Want.Labels {
		if text(s.Have.Object.Body(), "spec", "template", "metadata", "labels", key) != value {
			return "label " + key
		}
	}
	return ""
}

// foreign accepts a file of somebody else's that has what is wanted, and refuses to change one that has not.
func (s *Step) foreign() error {
	var lacking []string
	for _, k := range s.Want.Keys {
		_, given := s.values[k.Name]
		switch {
		case !s.Have.has(k.Name):
			lacking = append(lacking, "it has no key "+k.Name)
		case given || s.how.Rotate != nil && s.how.Rotate(s.Want.Name, k.Name):
			lacking = append(lacking, k.Name+" would have to change")
		}
		s.do(k.Name, Keep, "")
	}
	if s.Have.Type != s.Want.Type {
		lacking = append(lacking, fmt.Sprintf("its type is %s, not %s", s.Have.Type, s.Want.Type))
	}
	if len(lacking) > 0 {
		return fmt.Errorf("it was not sealed by onggi, so it is not touched, and %s: move it away to have it sealed here", strings.Join(lacking, ", and "))
	}
	return nil
}
