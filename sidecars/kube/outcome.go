package kube

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Outcome is what came of one request, as far as its sender can know.
type Outcome int

// The outcomes. The zero value is Unknown, so that a forgotten one is never taken for success.
const (
	// Unknown: sent, and no answer that one could believe: a timeout, a connection lost, a 5xx, half an answer. A write
	// may have been applied, now or in a moment. Only reading the state again tells.
	Unknown Outcome = iota
	// Unreachable: never sent: no connection, no TLS, no token left in the budget.
	Unreachable
	// Applied: the server did it, and its answer is whole. For a read: it was read.
	Applied
	// Conflict: not applied: the object is another version, or another object, than the one that was named.
	Conflict
	// Absent: not applied: there is no such object.
	Absent
	// Exists: not created: there is one already.
	Exists
	// Denied: not applied: the server does not know us (401), or we may not (403).
	Denied
	// Throttled: not applied: too many requests (429). Result.RetryAfter says how long to wait.
	Throttled
	// Refused: not applied, and asking again will not help: any other 4xx, such as an invalid object.
	Refused
)

func (o Outcome) String() string {
	switch o {
	case Unreachable:
		return "unreachable"
	case Applied:
		return "applied"
	case Conflict:
		return "conflict"
	case Absent:
		return "absent"
	case Exists:
		return "exists"
	case Denied:
		return "denied"
	case Throttled:
		return "throttled"
	case Refused:
		return "refused"
	default:
		return "unknown"
	}
}

// Reply is all that Classify looks at.
type Reply struct {
	Sent   bool     // a connection was there to write to; false: the server cannot have seen the request
	Status int      // HTTP's; 0 when no answer began
	Whole  bool     // the body came to its end and is what was asked for: the object, or the server's Status
	Reason string   // of the server's Status, such as NotFound or AlreadyExists
	Causes []string // the fields that the server's Status complains of
}

// Classify tells the outcome of a request. An answer is believed as far as it is safe to: that something was not done on the status code alone,
// that it was done, or that something is not there, only if the body says so too, since a proxy on the way has status codes of its own.
func Classify(r Reply) Outcome {
	switch s := r.Status; {
	case s == 0 && !r.Sent:
		return Unreachable
	case s >= 200 && s < 300 && r.Whole:
		return Applied
	case s == http.StatusNotFound && r.Whole && r.Reason == "NotFound":
		return Absent
	case s == http.StatusNotFound:
		return Unknown
	case s == http.StatusConflict && r.Reason == "AlreadyExists":
		return Exists
	case s == http.StatusConflict, s == http.StatusPreconditionFailed:
		return Conflict
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return Denied
	case s == http.StatusTooManyRequests:
		return Throttled
	case s == http.StatusRequestTimeout:
		return Unknown
	case s == http.StatusUnprocessableEntity && slices.Contains(r.Causes, "metadata.uid"):
		return Conflict // a patch that names a uid and found another object
	case s >= 400 && s < 500:
		return Refused
	default:
		return Unknown
	}
}

// Result is the outcome of a call with what people want to know of it.
type Result struct {
	Outcome    Outcome
	Code       int           // HTTP's; 0 when no answer began
	RetryAfter time.Duration // as the server asked, with Throttled and sometimes Unknown; else 0
	Err        error         // why, for people; nil with Applied
}

// String is one phrase for a log.
func (r Result) String() string {
	if r.Err == nil {
		return r.Outcome.String()
	}
	return fmt.Sprintf("%s: %v", r.Outcome, r.Err)
}
