package status

import (
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// nearlyFull is the part of a volume, in percent, that is to be left.
const nearlyFull = 10

// volumes gives members the sizes of their volumes: of native those that the StatefulSet's templates data and wal made, of others those that
// are labelled as one instance's data and log.
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
		of := func(template, role string) func(Member) bool {
			return func(m Member) bool {
				return c.Metadata.Name == template+"-"+m.Name && s.Backend == Native ||
					c.Metadata.Labels["cnpg.io/instanceName"] == m.Name && c.Metadata.Labels["cnpg.io/pvcRole"] == role
			}
		}
		bytes := size.Value()
		if i := slices.IndexFunc(s.Members, of("data", "PG_DATA")); i >= 0 {
			s.Members[i].Volume = &bytes
		} else if i := slices.IndexFunc(s.Members, of("wal", "PG_WAL")); i >= 0 {
			s.Members[i].WALVolume = &bytes
		}
	}
	for _, m := range s.Members {
		if isNearlyFull(m.Free, m.Volume) {
			s.degraded(fmt.Sprintf("%s has %s left of its volume of %s", m.Name, size(m.Free), size(m.Volume)), "grow it: docs/native.md#a-volume-is-full")
		}
		if isNearlyFull(m.WALFree, m.WALVolume) {
			s.degraded(fmt.Sprintf("%s has %s left of its log's volume of %s", m.Name, size(m.WALFree), size(m.WALVolume)),
				"a failing archive or a lost standby's slot may hold the log: docs/runbooks/PostgresWALPileUp.md; or grow it")
		}
	}
}

// isNearlyFull tells it of a volume of which both are known.
func isNearlyFull(free, size *int64) bool {
	return free != nil && size != nil && *size > 0 && 100**free < nearlyFull**size
}

// volumeText is what is left of a member's volumes, as far as it is known.
func (m Member) volumeText() string {
	text := roomText(m.Free, m.Volume)
	if m.WALFree == nil && m.WALVolume == nil {
		return text
	}
	return text + ", log " + roomText(m.WALFree, m.WALVolume)
}

// roomText is what is left of a volume.
func roomText(free, whole *int64) string {
	switch {
	case free != nil && whole != nil:
		return size(free) + " free of " + size(whole)
	case free != nil:
		return size(free) + " free"
	}
	return size(whole)
}
