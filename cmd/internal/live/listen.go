package live

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// Address is where a page listens.
type Address struct {
	net.Listener
	// URL is what to open in a browser.
	URL string
	// Open is true when other machines can reach it.
	Open bool
	// Host is the name that was asked for, "" when it was an address; see [Options].
	Host string
}

// Listen opens host:port; without a host, ":8090" or "8090", it is the loopback interface. Port 0 is any free one.
func Listen(address string) (Address, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port, err = net.SplitHostPort(":" + address)
	}
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return Address{}, fmt.Errorf("%q is no address to listen on: write 127.0.0.1:8090", address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return Address{}, fmt.Errorf("listen on %s: %w", net.JoinHostPort(host, port), err)
	}
	bound, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		_ = l.Close()
		return Address{}, fmt.Errorf("listen on %s: not a TCP address", address)
	}
	a := Address{Listener: l, Open: !bound.IP.IsLoopback()}
	if _, err := netip.ParseAddr(host); err != nil {
		a.Host = host
	}
	if bound.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	a.URL = "http://" + net.JoinHostPort(host, fmt.Sprint(bound.Port)) + "/"
	return a, nil
}
