package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Event is something that people should find at an object with kubectl describe.
type Event struct {
	Kind, Name, UID string // of the object in our namespace that it is about: Pod, StatefulSet or Lease
	Warning         bool
	Reason          string // one word, as FailedOver
	Message         string
	Action          string // what was done, one word
}

// WriteEvent writes an event, at best. More than ten at once or six a minute are dropped, and said to be Throttled.
func (c *Client) WriteEvent(ctx context.Context, e Event) Result {
	if _, ok := c.events.take(ordinary); !ok {
		return Result{Outcome: Throttled, Err: errors.New("write an event: too many of them")}
	}
	body, err := json.Marshal(e.wire(c.options))
	if err != nil {
		return Result{Outcome: Refused, Err: err}
	}
	return c.do(ctx, call{verb: "create", method: http.MethodPost, path: c.core("events", ""), content: asJSON, body: body}, func([]byte) error { return nil })
}

// maxMessage is what the API takes of an event's message.
const maxMessage = 1024

func (e Event) wire(o Options) map[string]any {
	now := o.Now().UTC()
	kind, api := "Normal", "v1"
	if e.Warning {
		kind = "Warning"
	}
	switch e.Kind {
	case "Lease":
		api = leaseAPI
	case "StatefulSet":
		api = "apps/v1"
	}
	if len(e.Message) > maxMessage {
		e.Message = strings.ToValidUTF8(e.Message[:maxMessage], "")
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata":       map[string]any{"namespace": o.Namespace, "name": fmt.Sprintf("%s.%x%04x", e.Name, now.UnixNano(), int(o.Jitter()*0x10000))},
		"involvedObject": map[string]any{"apiVersion": api, "kind": e.Kind, "namespace": o.Namespace, "name": e.Name, "uid": e.UID},
		"type":           kind, "reason": e.Reason, "message": e.Message, "action": e.Action, "count": 1,
		"firstTimestamp": now.Format(time.RFC3339), "lastTimestamp": now.Format(time.RFC3339),
		"source": map[string]any{"component": o.UserAgent}, "reportingComponent": o.UserAgent, "reportingInstance": e.Name,
	}
}
