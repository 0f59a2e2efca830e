package fields

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// Service is the spec of a Service that leads to a port of the pods that have the labels.
func Service(e plan.Service, labels *manifest.Fields, target int64) *manifest.Fields {
	port := manifest.Of("name", "postgres", "port", int64(e.Port), "targetPort", target, "protocol", "TCP")
	Put(port, "nodePort", int64(e.NodePort))
	s := manifest.Of("type", e.Type, "selector", labels, "ports", []any{port})
	Put(s, "loadBalancerClass", e.Class)
	Put(s, "loadBalancerSourceRanges", Texts(e.SourceRanges))
	Put(s, "externalTrafficPolicy", e.ExternalTrafficPolicy)
	return s
}

// Dress puts the labels and annotations that the spec asks for onto a Service, and the load balancer's own.
func Dress(o manifest.Object, e plan.Service) manifest.Object {
	meta := o.Fields().Below("metadata")
	for k, v := range e.Labels {
		meta.Below("labels").Set(k, v)
	}
	annotations := address(e)
	for k, v := range e.Annotations {
		annotations.Set(k, v)
	}
	Put(meta, "annotations", annotations)
	return o
}

// address asks the load balancer for an address in its own words; the field that Kubernetes once had for it is deprecated.
func address(e plan.Service) *manifest.Fields {
	ip, pool, share := "", "", ""
	switch e.Provider {
	case "metallb":
		ip, pool, share = "metallb.io/loadBalancerIPs", "metallb.io/address-pool", "metallb.io/allow-shared-ip"
	case "cilium":
		ip, share = "lbipam.cilium.io/ips", "lbipam.cilium.io/sharing-key"
	case "kube-vip":
		ip = "kube-vip.io/loadbalancerIPs"
	}
	out := manifest.Of()
	for _, a := range []struct{ key, value string }{{ip, e.IP}, {pool, e.Pool}, {share, e.ShareKey}} {
		if a.key != "" && a.value != "" {
			out.Set(a.key, a.value)
		}
	}
	return out
}
