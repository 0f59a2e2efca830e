package rest

import (
	"cmp"
	"net/http"
)

// tell is the status and the text of an outcome, in Patroni's words where it has some.
func tell(r Request, o Outcome) (status int, text string) {
	status, text = statusFor(r.Verb, o.Result), wording(r, o.Result)
	return status, cmp.Or(o.Text, text)
}

func statusFor(verb Verb, result Result) int {
	switch result {
	case Done:
		if verb == DoReload {
			return http.StatusAccepted
		}
		return http.StatusOK
	case Scheduled:
		return http.StatusAccepted
	case Absent:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case Invalid:
		return http.StatusBadRequest
	case Precondition:
		if verb == DoSwitchover || verb == DoFailover {
			return http.StatusPreconditionFailed
		}
	}
	return http.StatusServiceUnavailable
}

func wording(r Request, result Result) string {
	verb := string(r.Verb)
	switch result {
	case Done:
		switch r.Verb {
		case DoSwitchover:
			return "Successfully switched over" + to(r.Candidate)
		case DoFailover:
			return "Successfully failed over" + to(r.Candidate)
		case CancelSwitchover:
			return "scheduled switchover deleted"
		case CancelRestart:
			return "scheduled restart deleted"
		case DoRestart:
			return "restarted successfully"
		case DoReload:
			return "reload scheduled"
		case DoReinitialize:
			return "reinitialize started"
		case DoPause:
			return "paused"
		case DoResume:
			return "resumed"
		case DoFence:
			return "fenced"
		}
		return "unfenced"
	case Scheduled:
		return title(r.Verb) + " scheduled"
	case Precondition:
		return verb + " is not possible"
	case Absent:
		switch r.Verb {
		case CancelSwitchover:
			return "no switchover is scheduled"
		case CancelRestart:
			return "no restarts are scheduled"
		}
		return "there is nothing to " + verb
	case Conflict:
		if r.Verb == DoRestart {
			return "Another restart is already scheduled"
		}
		return "another request came first"
	case Failed, Invalid:
		return title(r.Verb) + " failed"
	}
	return title(r.Verb) + " status unknown"
}

func to(candidate string) string {
	if candidate == "" {
		return ""
	}
	return ` to "` + candidate + `"`
}
