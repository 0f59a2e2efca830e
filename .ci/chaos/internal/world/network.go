package world

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// Host is a network namespace with one address on the bridge.
type Host struct {
	Name string
	IP   netip.Addr

	ns, link string
}

// AddHost makes a host with an address that no host had before.
func (w *World) AddHost(name string) (*Host, error) {
	w.mu.Lock()
	w.hosts++
	n := w.hosts
	w.mu.Unlock()
	h := &Host{
		Name: name, IP: netip.AddrFrom4([4]byte{10, 77, byte(1 + n/250), byte(1 + n%250)}),
		ns: fmt.Sprintf("h%d", n), link: fmt.Sprintf("v%d", n),
	}
	for _, args := range []string{
		"netns add " + h.ns,
		"link add " + h.link + " type veth peer name eth0 netns " + h.ns,
		"link set " + h.link + " master br0 up",
		"-n " + h.ns + " link set lo up",
		"-n " + h.ns + " addr add " + h.IP.String() + "/16 dev eth0",
		"-n " + h.ns + " link set eth0 up",
	} {
		if err := ip(args); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	w.living = append(w.living, h)
	w.mu.Unlock()
	return h, w.lead(h)
}

// RemoveHost takes the host's network away. Its processes should have ended.
func (w *World) RemoveHost(h *Host) error {
	w.mu.Lock()
	w.living = slices.DeleteFunc(w.living, func(other *Host) bool { return other == h })
	w.mu.Unlock()
	return ip("netns del " + h.ns)
}

// Dial connects from inside the host, whatever is cut outside of it.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread()
	// Without an unlock the thread ends with this goroutine, which is the safe end if it cannot be brought home.
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	away, err := os.Open("/run/netns/" + h.ns)
	if err != nil {
		return nil, err
	}
	defer away.Close()
	if err := unix.Setns(int(away.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter %s: %w", h.Name, err)
	}
	conn, dialErr := (&net.Dialer{FallbackDelay: -1}).DialContext(ctx, network, address)
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("leave %s: %w", h.Name, err)
	}
	runtime.UnlockOSThread()
	return conn, dialErr
}

// Link is a direction between two addresses; the zero address stands for any, the zero port for all.
type Link struct {
	From, To netip.Addr
	Port     uint16 // the port of To
}

// Cut loses, without a word to anyone, what is sent over these links.
func (w *World) Cut(links ...Link) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range links {
		w.cut[l] = true
	}
	return w.filter()
}

// Mend undoes Cut.
func (w *World) Mend(links ...Link) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range links {
		delete(w.cut, l)
	}
	return w.filter()
}

// MendAll mends every link.
func (w *World) MendAll() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.cut)
	return w.filter()
}

// filter tells the kernel all that is cut, in one transaction.
func (w *World) filter() error {
	var rules []string
	for l := range w.cut {
		rules = append(rules, l.rule())
	}
	sort.Strings(rules)
	var b strings.Builder
	b.WriteString("add table bridge chaos\ndelete table bridge chaos\ntable bridge chaos {\n")
	for _, hook := range []string{"forward", "input", "output"} {
		fmt.Fprintf(&b, "chain %s { type filter hook %s priority 0; policy accept;\n%s\n}\n", hook, hook, strings.Join(rules, "\n"))
	}
	b.WriteString("}\n")
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, out)
	}
	return nil
}

func (l Link) rule() string {
	rule := "ether type ip"
	if l.From.IsValid() {
		rule += " ip saddr " + l.From.String()
	}
	if l.To.IsValid() {
		rule += " ip daddr " + l.To.String()
	}
	if l.Port != 0 {
		rule += fmt.Sprintf(" tcp dport %d", l.Port)
	}
	return rule + " drop"
}

// Plug connects a host to the bridge, or takes its cable out.
func (w *World) Plug(h *Host, on bool) error {
	if on {
		return ip("link set " + h.link + " up")
	}
	return ip("link set " + h.link + " down")
}
