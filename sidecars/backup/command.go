package backup

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
)

// Type of a backup.
type Type string

// The types: everything, what changed since the last full one, what changed since the last of any.
const (
	Full Type = "full"
	Diff Type = "diff"
	Incr Type = "incr"
)

// Types are all, the largest first.
func Types() []Type { return []Type{Full, Diff, Incr} }

// Primary is the other server of a backup on a standby.
type Primary struct {
	Name   string `json:"name"` // of the member, which is the host that Remote is asked for
	Data   string `json:"data"`
	Socket string `json:"socket"`
	Port   int    `json:"port"`
	Config string `json:"config"` // the configuration there
	Remote string `json:"-"`      // the program that is run in place of ssh
}

func (s Settings) command(verb string, options ...string) []string {
	argv := []string{s.Bin, "--config=" + s.Config(), "--stanza=" + s.Stanza}
	return append(append(argv, options...), verb)
}

// Backup makes one. Without a primary the server itself is it.
func (s Settings) Backup(t Type, primary *Primary) []string {
	options := []string{"--type=" + string(t)}
	if p := primary; p != nil {
		options = append(options, "--backup-standby", "--cmd="+s.Bin, "--cmd-ssh="+p.Remote, "--pg2-host="+p.Name, "--pg2-host-user="+s.User,
			"--pg2-host-cmd="+s.Bin, "--pg2-host-config="+p.Config, "--pg2-path="+p.Data, "--pg2-port="+strconv.Itoa(p.Port),
			"--pg2-socket-path="+p.Socket, "--pg2-user="+s.User, "--pg2-database=postgres")
	}
	return s.command("backup", options...)
}

// Info says what the repository holds.
func (s Settings) Info() []string { return s.command("info", "--output=json") }

// StanzaCreate makes the stanza, where it is not there and the archive of this server may go there.
func (s Settings) StanzaCreate() []string { return s.command("stanza-create") }

// Restore copies a backup to data, which has to be empty or missing.
func (s Settings) Restore(data string, t config.RecoverTarget, set string) []string {
	options := []string{"--pg1-path=" + data}
	if set != "" {
		options = append(options, "--set="+set)
	}
	kind, value := target(t)
	options = append(options, "--type="+kind)
	if value != "" {
		options = append(options, "--target="+value)
	}
	if value != "" && t.Exclusive {
		options = append(options, "--target-exclusive")
	}
	if t.Timeline != "" {
		options = append(options, "--target-timeline="+t.Timeline)
	}
	return s.command("restore", options...)
}

// target is a target in pgBackRest's words.
func target(t config.RecoverTarget) (kind, value string) {
	switch {
	case t.Time != "":
		return "time", moment(t.Time)
	case t.LSN != "":
		return "lsn", t.LSN
	case t.XID != "":
		return "xid", t.XID
	case t.Name != "":
		return "name", t.Name
	case t.Immediate:
		return "immediate", ""
	}
	return "default", ""
}

// moment is a time as pgBackRest reads it, with a space and an offset in digits, which postgres reads too. One that is not written as RFC 3339
// has it, as specs do, stays as it is.
func moment(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.Format("2006-01-02 15:04:05.999999-07:00")
}

// Recovery are the parameters of postgres that end recovery at the target, in the order of their names.
func Recovery(t config.RecoverTarget) [][2]string {
	kind, value := target(t)
	var out [][2]string
	switch kind {
	case "default":
	case "immediate":
		out = append(out, [2]string{"recovery_target", "immediate"})
	default:
		out = append(out, [2]string{"recovery_target_" + kind, value})
	}
	if kind != "default" {
		out = append(out, [2]string{"recovery_target_action", "promote"})
	}
	if value != "" && t.Exclusive {
		out = append(out, [2]string{"recovery_target_inclusive", "off"})
	}
	return append(out, [2]string{"recovery_target_timeline", cmp.Or(t.Timeline, "latest")})
}

// parameter is a command line as archive_command and restore_command have it: words for a shell, in which % begins what postgres puts in.
func parameter(argv []string) string { return strings.ReplaceAll(quoteAll(argv), "%", "%%") }

// ArchiveGet is the command line of restore_command for this repository and a server on data, as a shell takes it.
func (s Settings) ArchiveGet(data string) string {
	return parameter(s.command("archive-get", "--pg1-path="+data)) + ` %f "%p"`
}

// Archiver is the archive_command: it sends a segment unless a file forbids it, which also breaks off what is being sent. A server that is being
// stopped does not wait for a store that does not answer.
func Archiver(program, unless string, s Settings) string {
	return parameter(append([]string{program, "unless", unless, "--"}, s.command("archive-push")...)) + ` "%p"`
}

// Fetcher is the restore_command of a standby: it asks the archive while a file allows it, and else says at once that there is nothing. The file
// is there only while the standby gets nothing from a primary that lives: an archive that does not answer must not delay a promotion.
func Fetcher(program, while string, s Settings) string {
	return parameter(append([]string{program, "while", while, "--"}, s.command("archive-get")...)) + ` %f "%p"`
}
