package peers

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever arrives, nothing is handled that is not sealed, and nothing panics.
func FuzzRequest(f *testing.F) {
	good := letter{kind: "beat", cluster: "shop", from: "m0", to: "m1", nonce: "n", body: []byte(`{"term":1,"holder":"m0"}`)}
	f.Add("POST", "/peer/v1/beat", "shop", "m0", "m1", "n", good.seal([]byte("k")), good.body)
	f.Add("POST", "/peer/v1/beat", "shop", "m0", "m1", "n", "", []byte("{}"))
	f.Add("GET", "/peer/v1/", "", "", "", "", "00", []byte{})
	f.Fuzz(func(t *testing.T, method, path, cluster, from, to, nonce, seal string, body []byte) {
		request, err := http.NewRequest(method, "http://m1", bytes.NewReader(body))
		if err != nil {
			t.Skip("not a method")
		}
		request.URL.Path = path
		for name, value := range map[string]string{
			headerCluster: cluster, headerFrom: from, headerTo: to, headerNonce: nonce, headerSeal: seal,
		} {
			request.Header.Set(name, value)
		}
		handled := false
		handler := NewHandler(m1, Trust{Keys: keys("k")}, map[string]Answer{"beat": func(_ context.Context, _ string, body []byte) ([]byte, error) {
			handled = true
			return body, nil
		}})
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		sent := letter{kind: "beat", cluster: cluster, from: from, to: to, nonce: nonce, body: body}
		require.Equal(t, handled, recorder.Code == http.StatusOK)
		if handled {
			require.True(t, sent.opens(keys("k")(), seal))
			require.Equal(t, "/peer/v1/beat", path)
			require.Equal(t, "m1", to)
		}
	})
}

// Whatever comes back, it is an answer only if it carries the seal of this question, and the client does not wait for more.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nOnggi-From: m1\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte("HTTP/1.1 421 Misdirected\r\nContent-Length: 1000000\r\n\r\nx"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() {
			defer theirs.Close()
			_, _ = bufio.NewReader(theirs).ReadSlice('}')
			_, _ = theirs.Write(answer)
		}()
		bounded := &io.LimitedReader{R: ours}
		c := &conn{Conn: ours, address: netip.MustParseAddrPort("127.0.0.1:1"), bounded: bounded, reader: bufio.NewReader(bounded)}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		request := letter{kind: "beat", cluster: "shop", from: "m0", to: "m1", nonce: newNonce(), body: []byte("{}")}
		_, _, err := c.roundTrip(ctx, request, keys("k"))
		require.Error(t, err)
		require.NoError(t, ctx.Err())
	})
}

// A message is one JSON value, and decoding it twice gives the same.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"term":1,"holder":"m0"}`))
	f.Add([]byte(`{"term":1} 2`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var once, twice beat
		if decode(data, &once) != nil {
			return
		}
		require.NoError(t, decode(data, &twice))
		require.Equal(t, once, twice)
	})
}
