package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// callTimeout ends a call whose context has no deadline.
	callTimeout = 10 * time.Second
	// maxBody is more than any object here is: etcd takes 1.5 MiB. A list is held to it as well.
	maxBody = 8 << 20
)

const asJSON = "application/json"

// call is one request to be.
type call struct {
	verb, method string // verb as in a Role
	path         string
	query        url.Values
	accept       string // empty: JSON
	content      string // type of the body
	body         []byte
	class        class
}

// reply is an answer with its body, read.
type reply struct {
	Reply
	body       []byte
	retryAfter time.Duration
	message    string
	err        error // why there is no answer, or only half of one
}

// do sends a request and reads the answer. A 2xx is whole only if into takes its body.
func (c *Client) do(ctx context.Context, q call, into func([]byte) error) Result {
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	answer, r := c.open(ctx, q)
	if answer != nil {
		defer answer.Body.Close()
		r.read(answer)
	}
	if r.err == nil && r.Status >= 200 && r.Status < 300 {
		if err := into(r.body); err != nil {
			r.err = fmt.Errorf("read the answer: %v", err)
		} else {
			r.Whole = true
		}
	}
	return r.result(q)
}

func (r reply) result(q call) Result {
	result := Result{Outcome: Classify(r.Reply), Code: r.Status, RetryAfter: r.retryAfter}
	switch {
	case result.Outcome == Applied:
	case r.err != nil:
		result.Err = fmt.Errorf("%s %s: %v", q.verb, q.path, r.err)
	default:
		result.Err = fmt.Errorf("%s %s: %d %s", q.verb, q.path, r.Status, r.message)
	}
	return result
}

// open sends a request and returns when the head of its answer is there; nil: there is none, and the reply says why. A 401 makes
// the token be read anew, and if it is another one the request is sent once more: a server that does not know us did nothing.
func (c *Client) open(ctx context.Context, q call) (*http.Response, reply) {
	for first := true; ; first = false {
		if !c.bucket.wait(ctx, q.class) {
			c.counts.add(q.verb, "budget")
			return nil, reply{err: errors.New("held back by the request budget")}
		}
		transport, token := c.access.current()
		answer, r := c.send(ctx, transport, token, q)
		if first && r.Status == http.StatusUnauthorized && c.access.renewed(token) {
			answer.Body.Close()
			continue
		}
		return answer, r
	}
}

func (c *Client) send(ctx context.Context, transport http.RoundTripper, token string, q call) (*http.Response, reply) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	target := *c.base
	target.Path = q.path
	target.RawQuery = q.query.Encode()
	request, err := http.NewRequestWithContext(ctx, q.method, target.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, reply{err: err}
	}
	request.Header.Set("User-Agent", c.options.UserAgent)
	request.Header.Set("Accept", asJSON)
	if q.accept != "" {
		request.Header.Set("Accept", q.accept)
	}
	if q.body != nil {
		request.Header.Set("Content-Type", q.content)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The transport, not an http.Client: no redirect is followed with our token in hand.
	answer, err := transport.RoundTrip(request)
	if err != nil {
		c.counts.add(q.verb, "none")
		return nil, reply{Reply: Reply{Sent: sent.Load()}, err: err}
	}
	c.counts.add(q.verb, strconv.Itoa(answer.StatusCode))
	r := reply{Reply: Reply{Sent: true, Status: answer.StatusCode}}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	return answer, r
}

// read reads the body, and what the server says in it if it is not what was asked for.
func (r *reply) read(answer *http.Response) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the answer is larger than %d bytes", maxBody)
	}
	if err != nil {
		r.err = err
		return
	}
	r.body = body
	if r.Status < 300 {
		return
	}
	var s status
	if err := json.Unmarshal(body, &s); err != nil || s.Kind != "Status" {
		r.message = "and no word from the API server itself"
		return
	}
	r.Whole, r.Reason, r.message = true, s.Reason, s.Message
	for _, cause := range s.Details.Causes {
		r.Causes = append(r.Causes, cause.Field)
	}
	if r.retryAfter == 0 && s.Details.RetryAfterSeconds > 0 {
		r.retryAfter = time.Duration(min(s.Details.RetryAfterSeconds, 3600)) * time.Second
	}
}

// status is the API server's own word on a request.
type status struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Code    int    `json:"code"`
	Details struct {
		RetryAfterSeconds int `json:"retryAfterSeconds"`
		Causes            []struct {
			Field string `json:"field"`
		} `json:"causes"`
	} `json:"details"`
}
