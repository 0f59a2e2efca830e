package ctl

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// cluster is the document of /cluster, as far as it is shown.
type cluster struct {
	Members    []member `json:"members"`
	Scope      string   `json:"scope"`
	SystemID   string   `json:"database_system_identifier"`
	Pause      bool     `json:"pause"`
	Awaits     string   `json:"awaits_switchover"`
	Switchover *struct {
		At   string `json:"at"`
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"scheduled_switchover"`
}

type member struct {
	Name           string            `json:"name"`
	Role           string            `json:"role"`
	State          string            `json:"state"`
	API            string            `json:"api_url"`
	Host           string            `json:"host"`
	Port           int               `json:"port"`
	Timeline       int64             `json:"timeline"`
	Tags           map[string]any    `json:"tags"`
	PendingRestart bool              `json:"pending_restart"`
	Reasons        map[string]change `json:"pending_restart_reason"`
	Outdated       bool              `json:"outdated"`
	Restart        *struct {
		At      string `json:"schedule"`
		Version string `json:"postgres_version"`
	} `json:"scheduled_restart"`
	Lag json.RawMessage `json:"lag"` // bytes, "unknown", or not there for a leader
}

// change is what a setting would become.
type change struct {
	Old string `json:"old_value"`
	New string `json:"new_value"`
}

// read is the cluster's table.
func (a *app) read(ctx context.Context) (cluster, error) {
	ctx, cancel := a.within(ctx, reading)
	defer cancel()
	var c cluster
	err := a.target.here().get(ctx, "/cluster", &c)
	return c, err
}

func (c cluster) leader() (member, bool) {
	for _, m := range c.Members {
		if m.Role == "leader" {
			return m, true
		}
	}
	return member{}, false
}

// named are the members of these names, all of them if there are none, replicas before the leader.
func (c cluster) named(names []string) ([]member, error) {
	var found []member
	for _, m := range c.Members {
		if len(names) == 0 || slices.Contains(names, m.Name) {
			found = append(found, m)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(found, func(m member) bool { return m.Name == name }) {
			return nil, fail(Invalid, "%s is not a member of %s", name, c.Scope)
		}
	}
	at := slices.IndexFunc(found, func(m member) bool { return m.Role == "leader" })
	if at < 0 {
		return found, nil
	}
	leader := found[at]
	return append(slices.Delete(found, at, at+1), leader), nil
}

// columns are those of patronictl. The last four are shown when some member has something there; an old pod, which Patroni does not
// know, is of another revision than its StatefulSet.
var columns = []string{"Member", "Host", "Role", "State", "TL", "Lag in MB", "Pending restart", "Scheduled restart", "Old pod", "Tags"}

// always is how many columns are shown in any case.
const always = 6

// row is a member as its cells.
func (m member) row(port bool) []string {
	host, timeline, pending, old := m.Host, "", "", ""
	if port && host != "" && m.Port > 0 {
		host = fmt.Sprintf("%s:%d", host, m.Port)
	}
	if m.Timeline > 0 {
		timeline = fmt.Sprint(m.Timeline)
	}
	if m.PendingRestart {
		pending = "*"
	}
	if m.Outdated {
		old = "*"
	}
	return []string{m.Name, host, roleTitle(m.Role), m.State, timeline, m.lagMB(), pending, m.scheduled(), old, m.tags()}
}

// roleTitle is "Sync Standby" for sync_standby.
func roleTitle(role string) string {
	words := strings.Split(role, "_")
	for i, word := range words {
		if word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, " ")
}

func (m member) lagMB() string {
	var bytes float64
	switch {
	case len(m.Lag) == 0:
		return ""
	case json.Unmarshal(m.Lag, &bytes) == nil:
		return fmt.Sprint(int64(math.RoundToEven(bytes / (1 << 20))))
	}
	return strings.Trim(string(m.Lag), `"`)
}

func (m member) scheduled() string {
	if m.Restart == nil {
		return ""
	}
	if m.Restart.Version != "" {
		return m.Restart.At + " if version < " + m.Restart.Version
	}
	return m.Restart.At
}

func (m member) tags() string {
	var out []string
	for name, value := range m.Tags {
		out = append(out, fmt.Sprintf("%s: %v", name, value))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// withPort says whether hosts are told with their ports: some is not the usual one, or two members share a host.
func (c cluster) withPort() bool {
	hosts := map[string]bool{}
	for _, m := range c.Members {
		if (m.Port != 0 && m.Port != 5432) || hosts[m.Host] {
			return true
		}
		hosts[m.Host] = m.Host != ""
	}
	return false
}

// notes are what is said below the table.
func (c cluster) notes() []string {
	var notes []string
	if c.Pause {
		notes = append(notes, "Maintenance mode: on")
	}
	if c.Awaits != "" {
		notes = append(notes, "Waits for a switchover: "+c.Awaits)
	}
	if s := c.Switchover; s != nil {
		text := "Switchover scheduled at: " + s.At
		if s.From != "" {
			text += ", from: " + s.From
		}
		if s.To != "" {
			text += ", to: " + s.To
		}
		notes = append(notes, text)
	}
	for _, m := range c.Members {
		for _, name := range sortedKeys(m.Reasons) {
			r := m.Reasons[name]
			notes = append(notes, fmt.Sprintf("%s: %s waits for a restart: %s → %s", m.Name, name, r.Old, r.New))
		}
	}
	return notes
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
