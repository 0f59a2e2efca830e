package kube

import (
	"encoding/json"
	"fmt"
	"io"
)

// event is one of a watch.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// failure is what an ERROR event says.
func (e event) failure(q call) Result {
	var s status
	if err := json.Unmarshal(e.Object, &s); err != nil || s.Kind != "Status" {
		return reply{Reply: Reply{Sent: true}, err: fmt.Errorf("an error without a word on it")}.result(q)
	}
	r := reply{Reply: Reply{Sent: true, Status: s.Code, Whole: true, Reason: s.Reason}, message: s.Message}
	return r.result(q)
}

// events reads a watch's stream, of which no event may be larger than a body.
type events struct {
	body    io.Reader
	decoder *json.Decoder
	left    int64
}

// next is the next event. An end between two events is io.EOF.
func (s *events) next() (event, error) {
	if s.decoder == nil {
		s.decoder = json.NewDecoder(s)
	}
	s.left = maxBody
	var e event
	if err := s.decoder.Decode(&e); err != nil {
		return event{}, err
	}
	return e, nil
}

// Read is for the decoder.
func (s *events) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, fmt.Errorf("an event is larger than %d bytes", maxBody)
	}
	n, err := s.body.Read(p)
	s.left -= int64(n)
	return n, err
}
