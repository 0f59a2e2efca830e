package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Log is what of a container's log is wanted.
type Log struct {
	Namespace, Pod, Container string
	Follow                    bool
	Tail                      int           // lines from the end; below 0 all of them
	Since                     time.Duration // not older; 0 is any age
	Previous                  bool          // of the container before the last restart
}

// Logs opens a log. With Follow it ends when the container does, or when the context is done.
func (s *Server) Logs(ctx context.Context, l Log) (io.ReadCloser, error) {
	at := s.address(Resource{Version: "v1", Plural: "pods"}, l.Namespace, l.Pod, "log")
	query := url.Values{"container": {l.Container}}
	if l.Follow {
		query.Set("follow", "true")
	}
	if l.Previous {
		query.Set("previous", "true")
	}
	if l.Tail >= 0 {
		query.Set("tailLines", strconv.Itoa(l.Tail))
	}
	if l.Since > 0 {
		query.Set("sinceSeconds", strconv.FormatInt(max(1, int64(l.Since.Seconds())), 10))
	}
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("read the log of %s/%s: %w", l.Pod, l.Container, err)
	}
	answer, err := s.stream.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the log of %s/%s: %w", l.Pod, l.Container, withoutAddress(err))
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		data, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10)) // what could be read is told
		return nil, fmt.Errorf("read the log of %s/%s: %w", l.Pod, l.Container, refusal(answer.StatusCode, data))
	}
	return answer.Body, nil
}
