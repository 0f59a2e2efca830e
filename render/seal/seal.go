package seal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"

	"github.com/onggi-db/onggi/render/manifest"
)

// EnvironmentsAnnotation lists the environments that a manifest beside a spec goes with, separated by commas.
const EnvironmentsAnnotation = "onggi.dev/environments"

// Seal encrypts what changed and returns the object to write. What is kept keeps its ciphertext.
func (s *Step) Seal(entropy io.Reader) (manifest.Object, error) {
	if len(s.Missing) > 0 {
		return manifest.Object{}, fmt.Errorf("seal %s: %d values are missing", s.Want, len(s.Missing))
	}
	if s.cert.key == nil {
		return manifest.Object{}, errors.New("seal: there is no certificate")
	}
	encrypted, records := manifest.Map{}, map[string]Record{}
	if s.Have != nil {
		maps.Copy(encrypted, s.Have.encrypted)
		maps.Copy(records, s.Have.Records)
	}
	for _, t := range s.Todos {
		if t.Action == Keep {
			continue
		}
		value, record, err := s.value(t, entropy)
		if err != nil {
			return manifest.Object{}, err
		}
		ciphertext, err := crypto.HybridEncrypt(entropy, s.cert.key, value, s.scope.label(s.Want.Namespace, s.Want.Name))
		if err != nil {
			return manifest.Object{}, fmt.Errorf("encrypt %s of %s: %w", t.Key, s.Want, err)
		}
		encrypted[t.Key] = base64.StdEncoding.EncodeToString(ciphertext)
		records[t.Key] = record
	}
	for key := range records {
		if _, there := encrypted[key]; !there {
			delete(records, key) // somebody took the key out of the file
		}
	}
	return s.object(encrypted, records), nil
}

// value is what is sealed under a key, and what the file will say of it.
func (s *Step) value(t Todo, entropy io.Reader) ([]byte, Record, error) {
	r := Record{Fingerprint: s.cert.Fingerprint}
	switch t.Action {
	case Make:
		r.Origin = Made
		value, err := Password(entropy)
		return value, r, err
	case Name:
		k, _ := s.Want.key(t.Key)
		r.Origin, r.Value = Named, k.Value
		return []byte(k.Value), r, nil
	}
	value := s.values[t.Key]
	r.Origin = Given
	r.Digest = "none:"
	if len(s.how.Digest) > 0 {
		r.Digest = s.how.Digest.digest(r.Fingerprint, s.scope, s.Want.Namespace, s.Want.Name, t.Key, value)
	}
	return value, r, nil
}

// object writes what is wanted into the object that is there, or into a new one. What others added to it stays.
func (s *Step) object(encrypted manifest.Map, records map[string]Record) manifest.Object {
	body := manifest.Map{}
	if s.Have != nil {
		body = s.Have.Object.Clone().Body()
	}
	want := s.Want
	body["apiVersion"], body["kind"] = APIVersion, Kind
	meta, template := part(body, "metadata"), part(part(body, "spec"), "template")
	meta["name"], meta["namespace"] = want.Name, want.Namespace
	part(body, "spec")["encryptedData"] = encrypted
	template["type"] = want.Type
	inner := part(template, "metadata")
	inner["name"], inner["namespace"] = want.Name, want.Namespace
	for key, value := range want.Labels {
		part(inner, "labels")[key] = value
	}
	notes := part(meta, "annotations")
	notes[annotation] = formatRecords(records)
	set(notes, EnvironmentsAnnotation, strings.Join(want.Environments, ","))
	for _, scope := range []Scope{NamespaceWide, ClusterWide} {
		on := ""
		if scope == s.scope {
			on = "true"
		}
		set(notes, scope.annotation(), on)
		if _, has := inner["annotations"]; has || on != "" {
			set(part(inner, "annotations"), scope.annotation(), on)
		}
	}
	return manifest.Object{Part: manifest.PartSecrets}.With(body)
}

// part is the mapping under a key, made when it is not there.
func part(m manifest.Map, key string) manifest.Map {
	sub, _ := m[key].(manifest.Map)
	if sub == nil {
		sub = manifest.Map{}
		m[key] = sub
	}
	return sub
}

func set(m manifest.Map, key, value string) {
	if value == "" {
		delete(m, key)
		return
	}
	m[key] = value
}

// header is the comment that a file begins with.
const header = "# Sealed by onggi seal for one cluster's controller: safe to commit.\n"

// File is the text of a file with a sealed secret.
func File(o manifest.Object) []byte { return append([]byte(header), manifest.Encode(o)...) }
