package seal

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// MaxValue is how large a value may be: a Secret holds at most 1 MiB in all.
const MaxValue = 1 << 20

// Trim drops the line break that editors and echo put at the end of a value of one line. Values of several lines, such as
// certificates, stay as they are.
func Trim(value []byte) []byte {
	one, ended := bytes.CutSuffix(value, []byte("\n"))
	one = bytes.TrimSuffix(one, []byte("\r"))
	if ended && !bytes.ContainsAny(one, "\r\n") {
		return one
	}
	return value
}

// checkValues refuses values that their reader could not use. Its errors never quote a value, nor an error about one.
func checkValues(w Want, values map[string][]byte) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		k, wanted := w.key(key)
		if !wanted {
			continue
		}
		if problem := unusable(w.Type, k, values[key]); problem != "" {
			errs = append(errs, fmt.Errorf("the value of %s/%s %s", w.Name, key, problem))
		}
	}
	cert, key := values["tls.crt"], values["tls.key"]
	if len(errs) == 0 && len(cert) > 0 && len(key) > 0 {
		if _, err := tls.X509KeyPair(cert, key); err != nil {
			errs = append(errs, fmt.Errorf("the values of %s/tls.crt and tls.key are no pair: the key is not the certificate's", w.Name))
		}
	}
	return errors.Join(errs...)
}

// unusable says why a value will not do, "" when it will.
func unusable(secretType string, k Key, value []byte) string {
	switch {
	case len(value) == 0:
		return "is empty"
	case len(value) > MaxValue:
		return "is larger than a Secret may be, 1 MiB"
	case k.Value != "" && string(value) != k.Value:
		return fmt.Sprintf("must be %q, as the spec says", k.Value)
	}
	switch k.Name {
	case "username", "password":
		if secretType == "kubernetes.io/basic-auth" && bytes.ContainsAny(value, "\r\n\x00") {
			return "has a line break or a zero byte in it: PostgreSQL's clients would send another one"
		}
	case "tls.crt", "ca.crt":
		if !isCertificate(value) {
			return "is not a certificate in PEM form"
		}
	case "tls.key", "ca.key":
		if block, _ := pem.Decode(value); block == nil || !bytes.HasSuffix([]byte(block.Type), []byte("PRIVATE KEY")) {
			return "is not a private key in PEM form"
		}
	case ".dockerconfigjson":
		var config struct {
			Auths map[string]json.RawMessage `json:"auths"`
		}
		if json.Unmarshal(value, &config) != nil || len(config.Auths) == 0 {
			return `is not a Docker configuration: JSON with "auths" in it`
		}
	}
	return ""
}

func isCertificate(value []byte) bool {
	block, _ := pem.Decode(value)
	if block == nil || block.Type != "CERTIFICATE" {
		return false
	}
	_, err := x509.ParseCertificate(block.Bytes)
	return err == nil
}
