package native

import (
	"net"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// ttl of answers in seconds, as CoreDNS gives them to pods.
const ttl = 5

// serveDNS answers on a packet connection until that is closed.
func serveDNS(conn net.PacketConn, lookup func(name string) ([]netip.Addr, bool)) {
	buffer := make([]byte, 1500)
	for {
		size, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if answer := answerDNS(buffer[:size], lookup); answer != nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

// answerDNS is the answer to a question for addresses, or nil to what is no question.
func answerDNS(question []byte, lookup func(name string) ([]netip.Addr, bool)) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) != 1 || m.Response {
		return nil
	}
	q := m.Questions[0]
	out := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: m.ID, Response: true, Authoritative: true, RecursionDesired: m.RecursionDesired, RecursionAvailable: true, RCode: dnsmessage.RCodeSuccess,
		},
		Questions: m.Questions,
	}
	addresses, known := lookup(q.Name.String())
	if !known {
		out.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range addresses {
		if q.Type == dnsmessage.TypeA && a.Is4() {
			out.Answers = append(out.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: ttl}, Body: &dnsmessage.AResource{A: a.As4()},
			})
		}
	}
	packed, err := out.Pack()
	if err != nil {
		return nil
	}
	return packed
}
