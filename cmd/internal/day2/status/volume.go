package status

import (
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// nearlyFull is the part of a volume, in percent, that is to be left.
const nearlyFull = 10

// volumes gives members the sizes of their volumes: of native those that the StatefulSet's template data made, of others those that
// are labelled as one instance's data.
func (s *Status) volumes(claims []json.RawMessage) {
	for _, data := range claims {
		var c struct {
			Metadata struct {
				Name   string
				Labels map[string]string
			}
			Status struct{ Capacity map[string]string }
		}
		if json.Unmarshal(data, &c) != nil {
			continue
		}
		size, err := resource.ParseQuantity(c.Status.Capacity["storage"])
		if err != nil {
			continue
		}
		i := slices.IndexFunc(s.Members, func(m Member) bool {
			return c.Metadata.Name == "data-"+m.Name && s.Backend == Native ||
				c.Metadata.Labels["cnpg.io/instanceName"] == m.Name && c.Metadata.Labels["cnpg.io/pvcRole"] == "PG_DATA"
		})
		if i < 0 {
			continue
		}
		bytes := size.Value()
		s.Members[i].Volume = &bytes
	}
	for _, m := range s.Members {
		if m.Free != nil && m.Volume != nil && *m.Volume > 0 && 100**m.Free < nearlyFull**m.Volume {
			s.degraded(fmt.Sprintf("%s has %s left of its volume of %s", m.Name, size(m.Free), size(m.Volume)), "grow it: docs/native.md#a-volume-is-full")
		}
	}
}

// volumeText is what is left of a volume, as far as it is known.
func (m Member) volumeText() string {
	switch {
	case m.Free != nil && m.Volume != nil:
		return size(m.Free) + " free of " + size(m.Volume)
	case m.Free != nil:
		return size(m.Free) + " free"
	}
	return size(m.Volume)
}
