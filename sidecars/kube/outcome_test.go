package kube_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
)

func TestWhatAnAnswerMeans(t *testing.T) {
	for name, c := range map[string]struct {
		reply kube.Reply
		want  kube.Outcome
	}{
		"no connection":                       {kube.Reply{}, kube.Unreachable},
		"sent, no answer":                     {kube.Reply{Sent: true}, kube.Unknown},
		"200, whole":                          {kube.Reply{Sent: true, Status: 200, Whole: true}, kube.Applied},
		"201, whole":                          {kube.Reply{Sent: true, Status: 201, Whole: true}, kube.Applied},
		"200, half":                           {kube.Reply{Sent: true, Status: 200}, kube.Unknown},
		"302":                                 {kube.Reply{Sent: true, Status: 302, Whole: true}, kube.Unknown},
		"400":                                 {kube.Reply{Sent: true, Status: 400, Whole: true, Reason: "BadRequest"}, kube.Refused},
		"401":                                 {kube.Reply{Sent: true, Status: 401}, kube.Denied},
		"403":                                 {kube.Reply{Sent: true, Status: 403}, kube.Denied},
		"404 by the API server":               {kube.Reply{Sent: true, Status: 404, Whole: true, Reason: "NotFound"}, kube.Absent},
		"404 by someone else":                 {kube.Reply{Sent: true, Status: 404}, kube.Unknown},
		"408":                                 {kube.Reply{Sent: true, Status: 408}, kube.Unknown},
		"409 of an update":                    {kube.Reply{Sent: true, Status: 409, Whole: true, Reason: "Conflict"}, kube.Conflict},
		"409 without a word":                  {kube.Reply{Sent: true, Status: 409}, kube.Conflict},
		"409 of a create":                     {kube.Reply{Sent: true, Status: 409, Whole: true, Reason: "AlreadyExists"}, kube.Exists},
		"422 of an object":                    {kube.Reply{Sent: true, Status: 422, Whole: true, Reason: "Invalid"}, kube.Refused},
		"422 of the uid, which makes it none": {kube.Reply{Sent: true, Status: 422, Whole: true, Reason: "Invalid", Causes: []string{"metadata.uid"}}, kube.Conflict},
		"429":                                 {kube.Reply{Sent: true, Status: 429}, kube.Throttled},
		"500":                                 {kube.Reply{Sent: true, Status: 500, Whole: true, Reason: "InternalError"}, kube.Unknown},
		"503":                                 {kube.Reply{Sent: true, Status: 503}, kube.Unknown},
		"504":                                 {kube.Reply{Sent: true, Status: 504, Whole: true, Reason: "Timeout"}, kube.Unknown},
	} {
		require.Equal(t, c.want, kube.Classify(c.reply), name)
	}
	require.Equal(t, kube.Unknown, kube.Outcome(0), "what nobody set is no success")
}
