package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
)

// remoteVerb is what pgBackRest runs in place of ssh: it has the sidecar of its pod open a stream to the primary's, and carries its own standard
// input and output through that. It holds no secret, and the sidecar lets through one command.
func remoteVerb(args []string, in io.Reader, out io.Writer) error {
	call, err := backup.ParseSSH(args)
	if err != nil {
		return err
	}
	run := os.Getenv("ONGGI_RUN")
	if run == "" {
		run = filepath.Dir(os.Args[0])
	}
	conn, reader, err := openRemote(filepath.Join(run, "agent.sock"), call)
	if err != nil {
		return fmt.Errorf("reach %s: %w", call.Host, err)
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, in)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err = io.Copy(out, reader)
	return err
}

// openRemote asks the sidecar.
func openRemote(socket string, call backup.Call) (net.Conn, io.Reader, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, nil, err
	}
	body, err := json.Marshal(call)
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: agent\r\nConnection: Upgrade\r\nUpgrade: onggi-stream\r\nContent-Length: %d\r\n\r\n%s", remotePath, len(body), body)
	}
	reader := bufio.NewReader(conn)
	var response *http.Response
	if err == nil {
		response, err = http.ReadResponse(reader, nil)
	}
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		err = errors.New(strings.TrimSpace(string(text)))
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, reader, nil
}
