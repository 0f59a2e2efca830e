package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Verb is what a request wants done.
type Verb string

const (
	DoSwitchover       Verb = "switchover"
	DoFailover         Verb = "failover"
	CancelSwitchover   Verb = "cancel switchover"
	DoRestart          Verb = "restart"
	CancelRestart      Verb = "cancel restart"
	DoReload           Verb = "reload"
	DoReinitialize     Verb = "reinitialize"
	DoPause, DoResume  Verb = "pause", "resume"  // of the cluster
	DoFence, DoUnfence Verb = "fence", "unfence" // of this member
)

// Request is one thing to do. Fields that its verb does not name are zero.
type Request struct {
	Verb      Verb
	Leader    string        // of switchover: who has to be the leader now
	Candidate string        // of switchover, failover; empty is whoever is best
	At        time.Time     // of switchover, restart; zero is now
	Restart   RestartFilter // of restart
	Timeout   time.Duration // of restart: how long postgres may take to start; zero is the agent's own
	Force     bool          // of reinitialize: break off what is being tried
	FromLead  bool          // of reinitialize: clone from the leader, not from a replica
}

// RestartFilter is what must hold for a restart to happen. Its zero value always holds.
type RestartFilter struct {
	PendingOnly bool // only when a parameter waits for it
	Role        Role // only of this role; NoRole is any
	Below       int  // only when the server's version number is below; 0 is any
}

// Result is how a request ended. What it means as a status depends on the verb, and [Handler] knows.
type Result int

const (
	Unknown      Result = iota // nobody knows how it ended, or it did not end in time
	Done                       // done, or begun where beginning is all that was asked
	Scheduled                  // will be done at its time
	Precondition               // the cluster is not as the request supposes
	Absent                     // there is nothing of the kind to cancel
	Conflict                   // another request of the kind came first
	Failed                     // tried, and not done
	Invalid                    // the request makes no sense here
)

// String is the result as the header Onggi-Result has it: a status alone cannot tell what failed from what is not known.
func (r Result) String() string {
	names := [...]string{"unknown", "done", "scheduled", "precondition", "absent", "conflict", "failed", "invalid"}
	if r < 0 || int(r) >= len(names) {
		return names[Unknown]
	}
	return names[r]
}

// Outcome is a result with what to tell the caller; without a text it is told in Patroni's words.
type Outcome struct {
	Result Result
	Text   string
}

// refusal is a request that does not get as far as the Source.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return refusal{status, fmt.Sprintf(format, args...)}
}

// maxBody bounds what is read of a body.
const maxBody = 64 << 10

// field is one member of a JSON object.
type field struct {
	name  string
	value json.RawMessage
}

// readObject reads the body as one JSON object without repeated names. An optional body may be missing.
func readObject(r *http.Request, optional bool) ([]field, error) {
	if r.ContentLength == 0 && optional {
		return nil, nil
	}
	if r.ContentLength == 0 && r.Header.Get("Content-Length") == "" {
		return nil, refuse(http.StatusLengthRequired, "a JSON body is missing")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the body could not be read")
	case len(body) > maxBody:
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is longer than %d bytes", maxBody)
	case len(body) == 0 && optional:
		return nil, nil
	}
	fields, err := parseObject(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body is not one JSON object: %s", err)
	}
	if len(fields) == 0 && !optional {
		return nil, refuse(http.StatusBadRequest, "the body is empty")
	}
	return fields, nil
}

// parseObject takes a JSON object apart. Names are compared exactly, unlike encoding/json does with struct fields.
func parseObject(data []byte) ([]field, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if open, err := decoder.Token(); err != nil {
		return nil, err
	} else if open != json.Delim('{') {
		return nil, errors.New("it begins otherwise")
	}
	var fields []field
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		f := field{name: token.(string)} // a decoder gives no other token here
		if seen[f.name] {
			return nil, fmt.Errorf("%q stands there twice", f.name)
		}
		seen[f.name] = true
		if err := decoder.Decode(&f.value); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows it")
	}
	return fields, nil
}

// parseMove reads the body of /switchover and /failover. now is the wall clock: schedules are agreed upon between people.
func parseMove(verb Verb, fields []field, v *View, now time.Time) (Request, error) {
	request := Request{Verb: verb}
	var at string
	for _, f := range fields {
		into := map[string]*string{
			"leader": &request.Leader, "candidate": &request.Candidate, "member": &request.Candidate, "scheduled_at": &at,
		}[f.name]
		if into == nil {
			return request, refuse(http.StatusBadRequest, "Unknown field of a %s: %q", verb, f.name)
		}
		var text *string // null is as if it were not there
		if json.Unmarshal(f.value, &text) != nil {
			return request, refuse(http.StatusBadRequest, "%s is not a string", f.name)
		}
		if text != nil && *text != "" {
			*into = *text
		}
	}
	switch {
	case verb == DoFailover && request.Candidate == "":
		return request, refuse(http.StatusBadRequest, "Failover could be performed only to a specific candidate")
	case verb == DoSwitchover && request.Leader == "":
		return request, refuse(http.StatusBadRequest, "Switchover could be performed only from a specific leader")
	case at != "" && request.Leader == "":
		return request, refuse(http.StatusBadRequest, "Scheduled %s is possible only from a specific leader", verb)
	case at != "" && v.Paused:
		return request, refuse(http.StatusBadRequest, "Can't schedule %s in the paused state", verb)
	case request.Candidate == "" && v.Paused:
		return request, refuse(http.StatusBadRequest, "%s is possible only to a specific candidate in a paused state", title(verb))
	}
	if request.Leader != "" {
		request.Verb = DoSwitchover // whoever names the leader wants it to hand over, and loses no commit
	}
	if at == "" {
		return request, nil
	}
	var err error
	request.At, err = parseSchedule(at, verb, now)
	return request, err
}

// parseRestart reads the body of /restart.
func parseRestart(fields []field, v *View, now time.Time) (Request, error) {
	request := Request{Verb: DoRestart}
	for _, f := range fields {
		if f.name == "schedule" && v.Paused {
			return request, refuse(http.StatusInternalServerError, "Can't schedule restart in the paused state")
		}
	}
	for _, f := range fields {
		var err error
		switch text := unquote(f.value); f.name {
		case "schedule":
			request.At, err = parseSchedule(text, DoRestart, now)
		case "role":
			switch text {
			case "primary", "master":
				request.Restart.Role = Primary
			case "replica":
				request.Restart.Role = Replica
			default:
				err = refuse(http.StatusBadRequest, "PostgreSQL role should be either primary or replica")
			}
		case "postgres_version":
			request.Restart.Below, err = parseVersion(text)
		case "timeout":
			request.Timeout, err = parseTimeout(text)
		case "restart_pending":
			request.Restart.PendingOnly, err = parseBool(f.name, f.value)
		default:
			err = refuse(http.StatusBadRequest, "Unknown filter for the scheduled restart: %s", f.name)
		}
		if err != nil {
			return request, err
		}
	}
	return request, nil
}

// parseReinitialize reads the body of /reinitialize.
func parseReinitialize(fields []field) (Request, error) {
	request := Request{Verb: DoReinitialize}
	for _, f := range fields {
		var err error
		switch f.name {
		case "force":
			request.Force, err = parseBool(f.name, f.value)
		case "from-leader":
			request.FromLead, err = parseBool(f.name, f.value)
		default:
			err = refuse(http.StatusBadRequest, "Unknown field of a reinitialize: %q", f.name)
		}
		if err != nil {
			return request, err
		}
	}
	return request, nil
}

// unquote is the text of a JSON string, and any other JSON as it stands.
func unquote(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func parseBool(name string, raw json.RawMessage) (bool, error) {
	switch strings.ToLower(unquote(raw)) {
	case "true", "on", "yes", "1":
		return true, nil
	case "false", "off", "no", "0", "null", "":
		return false, nil
	}
	return false, refuse(http.StatusBadRequest, "%s is neither true nor false", name)
}

func parseTimeout(text string) (time.Duration, error) {
	bad := refuse(http.StatusBadRequest, "Timeout should be a positive number of seconds")
	seconds, err := strconv.ParseInt(text, 10, 32)
	length := time.Duration(seconds) * time.Second
	if err != nil {
		if length, err = time.ParseDuration(strings.ReplaceAll(text, "min", "m")); err != nil {
			return 0, bad
		}
	}
	if length <= 0 {
		return 0, bad
	}
	return length, nil
}

// parseVersion reads 15, 15.18 or 9.6.3 as postgres numbers versions.
func parseVersion(text string) (int, error) {
	bad := refuse(http.StatusBadRequest, "Invalid PostgreSQL version: %q", text)
	var parts []int
	for _, part := range strings.Split(text, ".") {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || n > 9999 {
			return 0, bad
		}
		parts = append(parts, int(n))
	}
	switch {
	case parts[0] >= 10 && len(parts) == 1:
		return parts[0] * 10000, nil
	case parts[0] >= 10 && len(parts) == 2:
		return parts[0]*10000 + parts[1], nil
	}
	return 0, bad // older ones have no agent
}

func versionText(number int) string { return fmt.Sprintf("%d.%d", number/10000, number%10000) }

// layouts are the forms of ISO 8601 that people write; a T may be a space.
var layouts = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04Z07",
	"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02",
}

// zoneless is how many of the last layouts have no zone.
const zoneless = 3

// parseSchedule reads when to do something: a time with its zone, yet to come.
func parseSchedule(text string, verb Verb, now time.Time) (time.Time, error) {
	compact := strings.TrimSpace(text)
	if len(compact) > 10 && compact[10] == ' ' {
		compact = compact[:10] + "T" + strings.ReplaceAll(compact[11:], " ", "")
	}
	for i, layout := range layouts {
		at, err := time.Parse(layout, compact)
		switch {
		case err != nil:
			continue
		case i >= len(layouts)-zoneless:
			return at, refuse(http.StatusBadRequest, "Timezone information is mandatory for the scheduled %s", verb)
		case at.Before(now):
			return at, refuse(http.StatusUnprocessableEntity, "Cannot schedule %s in the past", verb)
		}
		return at, nil
	}
	return time.Time{}, refuse(http.StatusUnprocessableEntity,
		"Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601")
}

func title(verb Verb) string { return strings.ToUpper(string(verb[:1])) + string(verb[1:]) }
