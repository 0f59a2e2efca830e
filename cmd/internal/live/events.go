package live

import (
	"fmt"
	"net/http"
	"time"
)

// events streams the state after each cycle until the reader goes or the server stops. Each reader waits for itself: one that
// is slow finds the newest state when it is ready, and holds nobody up.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return
	}
	control := http.NewResponseController(w)
	send := func(text string) bool {
		// Recorders of tests know no deadlines; the server's own connections all do.
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := fmt.Fprint(w, text)
		return err == nil && control.Flush() == nil
	}
	if !send("retry: 1000\n\n") {
		return
	}
	beat := time.NewTicker(s.o.Heartbeat)
	defer beat.Stop()
	seen, listed := r.Header.Get("Last-Event-ID"), 0
	for {
		v, changed := s.latest()
		if v != nil {
			if id := fmt.Sprintf("%s-%d", s.epoch, v.state.Serial); id != seen {
				if !send(v.message(id, listed)) {
					return
				}
				seen, listed = id, v.listSerial
			}
		}
		select {
		case <-changed:
		case <-beat.C:
			if !send(": beat\n\n") {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.closing:
			return
		}
	}
}

// message is a view as an event, with the list of databases unless the reader has it.
func (v *view) message(id string, listed int) string {
	list := ""
	if listed != v.listSerial {
		list = `"databases":` + string(v.list) + ","
	}
	return "id: " + id + "\nevent: state\ndata: {" + list + string(v.head[1:]) + "\n\n"
}
