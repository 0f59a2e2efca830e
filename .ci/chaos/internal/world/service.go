package world

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// ServiceNet is what addresses of Services are from.
const ServiceNet = "10.96.0.0/24"

// Service is an address that leads to one of several others, as kube-proxy makes it on every node.
type Service struct {
	Address netip.AddrPort
	Targets []netip.AddrPort // none: connections are refused
}

// Serve leads the addresses of Services from the world's own side and from every host, those that are added later too. Connections that
// are open stay with whom they lead to.
func (w *World) Serve(services []Service) error {
	text := rules(services)
	w.mu.Lock()
	same := text == w.services
	w.services = text
	hosts := append(slices.Clone(w.living), nil)
	w.mu.Unlock()
	if same {
		return nil // most of what happens to pods changes none of them
	}
	// At once, as kube-proxies do, who know nothing of each other.
	errs := make([]error, len(hosts))
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() {
			if err := w.lead(h); err != nil && (h == nil || w.lives(h)) {
				errs[i] = err
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		w.mu.Lock()
		w.services = "" // not everybody has them: the next time all are told again
		w.mu.Unlock()
		return err
	}
	return nil
}

// lead gives the present Services to a host, or to the world's own side.
func (w *World) lead(h *Host) error {
	w.mu.Lock()
	text := w.services
	w.mu.Unlock()
	if text == "" {
		return nil
	}
	cmd := exec.Command("nft", "-f", "-")
	route := "route replace " + ServiceNet + " dev br0"
	if h != nil {
		cmd = exec.Command("ip", "netns", "exec", h.ns, "nft", "-f", "-")
		route = "-n " + h.ns + " route replace " + ServiceNet + " dev eth0"
	}
	if err := ip(route); err != nil {
		return err
	}
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, out)
	}
	return nil
}

// rules are what the kernel is told of Services, in one transaction.
func rules(services []Service) string {
	var b strings.Builder
	b.WriteString("add table ip services\ndelete table ip services\ntable ip services {\nchain nat { type nat hook output priority -100; policy accept;\n")
	for _, s := range services {
		to := fmt.Sprintf("ip daddr %s tcp dport %d", s.Address.Addr(), s.Address.Port())
		for i, target := range s.Targets {
			// Of those that are left each gets as many as the others.
			choice := ""
			if rest := len(s.Targets) - i; rest > 1 {
				choice = fmt.Sprintf(" numgen random mod %d 0", rest)
			}
			fmt.Fprintf(&b, "%s%s dnat to %s\n", to, choice, target)
		}
	}
	fmt.Fprintf(&b, "}\nchain refuse { type filter hook output priority 0; policy accept;\nip daddr %s tcp dport 1-65535 reject with tcp reset\n}\n}\n", ServiceNet)
	return b.String()
}

func (w *World) lives(h *Host) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.living, h)
}
