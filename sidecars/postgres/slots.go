package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

const slotPrefix = "onggi_"

var slotName = regexp.MustCompile(`^[a-z0-9_]{1,63}$`)

func checkSlotName(name string) error {
	if !slotName.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a slot: it has to have 1 to 63 of a-z, 0-9 and _", name)
	}
	return nil
}

// SlotName is the name of the slot of a member, by its application name. Different members have different slots: a name that has to be
// changed in any way but - to _ ends in a part of its hash.
func SlotName(member string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, member)
	name := slotPrefix + plain
	if plain == strings.ReplaceAll(member, "-", "_") && !strings.Contains(member, "_") && len(name) <= 63 {
		return name
	}
	sum := sha256.Sum256([]byte(member))
	const hash = 12
	return name[:min(len(name), 63-hash-1)] + "_" + hex.EncodeToString(sum[:hash/2])
}

// SlotChange is what Slots did to one slot.
type SlotChange struct{ Name, What string }

// SlotAdvanced is what is done to a slot that is only moved.
const SlotAdvanced = "advanced"

// Slots makes physical slots for the members given and removes those of members that are not: only ours, by their prefix, and none in
// use. A member's LSN is how far it is known to have the log, so that a slot on a node it does not receive from does not
// hold back more than it needs; 0 leaves its slot where it is. It works the same on a primary and on standbys.
func (s *Server) Slots(ctx context.Context, members map[string]LSN) ([]SlotChange, error) {
	rows, err := s.query(ctx, `SELECT slot_name, active::text, coalesce(restart_lsn, '0/0')::text, coalesce(wal_status, '') FROM pg_replication_slots
		WHERE slot_type = 'physical' AND NOT temporary AND starts_with(slot_name, 'onggi_')`)
	if err != nil {
		return nil, fmt.Errorf("list the slots: %w", err)
	}
	wanted := map[string]LSN{}
	for member, at := range members {
		wanted[SlotName(member)] = at
	}
	var done []SlotChange
	for _, row := range rows {
		name, active, status := row[0], row[1] == "true", row[3]
		restart, err := ParseLSN(row[2])
		if err != nil {
			return done, fmt.Errorf("list the slots: %v", err)
		}
		at, keep := wanted[name]
		delete(wanted, name)
		change, statement := slotChange(keep, active, status, restart, at)
		if change == "" {
			continue
		}
		args := []string{name}
		if change == SlotAdvanced {
			args = append(args, at.String())
		}
		if _, err := s.query(ctx, statement, args...); err != nil {
			return done, fmt.Errorf("slot %s to be %s: %w", name, change, err)
		}
		done = append(done, SlotChange{name, change})
		if change == "removed, since its log is gone" {
			wanted[name] = at
		}
	}
	for name := range wanted {
		if _, err := s.query(ctx, "SELECT pg_create_physical_replication_slot($1::name, true)::text", name); err != nil {
			return done, fmt.Errorf("make slot %s: %w", name, err)
		}
		done = append(done, SlotChange{name, "made"})
	}
	return done, nil
}

// slotChange decides what is to be done with a slot that is there.
func slotChange(keep, active bool, status string, restart, at LSN) (change, statement string) {
	const drop = "SELECT pg_drop_replication_slot($1::name)::text"
	switch {
	case active:
		return "", ""
	case !keep:
		return "removed", drop
	case status == "lost":
		return "removed, since its log is gone", drop
	case at > restart && restart != 0:
		return SlotAdvanced, "SELECT pg_replication_slot_advance($1::name, $2::pg_lsn)::text"
	}
	return "", ""
}
