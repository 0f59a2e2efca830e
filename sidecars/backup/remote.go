package backup

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Call is what pgBackRest asked ssh for.
type Call struct {
	Host    string // the member
	Command string // the command line for a shell there
}

// ParseSSH reads the arguments that pgBackRest gives to ssh: options, [user@]host, a command.
func ParseSSH(args []string) (Call, error) {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-o" || a == "-p" || a == "-l":
			i++
		case strings.HasPrefix(a, "-"):
		default:
			if len(args) != i+2 {
				return Call{}, errors.New("read the call for ssh: it has no command, or several")
			}
			host := a[strings.LastIndexByte(a, '@')+1:]
			if host == "" {
				return Call{}, errors.New("read the call for ssh: the host is empty")
			}
			return Call{host, args[i+1]}, nil
		}
	}
	return Call{}, errors.New("read the call for ssh: there is no host")
}

// remoteOptions are what a remote may be told beside what is ours to say: how much it says, how long it waits, how it packs.
var remoteOptions = []string{
	"exec-id", "log-level-console", "log-level-file", "log-level-stderr", "log-timestamp", "log-subprocess", "process", "buffer-size", "compress-level",
	"compress-level-network", "db-timeout", "io-timeout", "protocol-timeout", "sck-keep-alive", "tcp-keep-alive-count", "tcp-keep-alive-idle",
	"tcp-keep-alive-interval", "neutral-umask", "process-max", "type", "lock",
}

// ours are the options of which the value that is asked for counts for nothing: where this server and its configuration are.
var ours = []string{"config", "config-path", "config-include-path", "lock-path", "cmd", "pg", "pg1-path", "pg1-port", "pg1-socket-path", "pg1-user", "pg1-database"}

// ParseRemote reads the command line that a standby's pgBackRest wants run beside the primary, and returns it as it is run there: by our own
// program, with our configuration, for our server and stanza. It must be the remote of a backup; there is nothing else to be had.
func (s Settings) ParseRemote(command string) ([]string, error) {
	words, err := split(command)
	if err != nil {
		return nil, fmt.Errorf("read the command for the primary: %w", err)
	}
	if len(words) < 2 || path.Base(words[0]) != path.Base(s.Bin) || words[len(words)-1] != "backup:remote" {
		return nil, errors.New("read the command for the primary: only the remote of a backup is run")
	}
	argv := []string{
		s.Bin, "--config=" + s.Config(), "--stanza=" + s.Stanza, "--remote-type=pg", "--lock-path=" + path.Join(s.Dir, "lock"), "--pg1-path=" + s.Data,
		"--pg1-port=" + strconv.Itoa(s.Port), "--pg1-socket-path=" + s.Socket, "--pg1-user=" + s.User, "--pg1-database=postgres",
	}
	var stanza, kind string
	for _, w := range words[1 : len(words)-1] {
		option, is := strings.CutPrefix(w, "--")
		name, value, _ := strings.Cut(option, "=")
		switch {
		case name == "stanza":
			stanza = value
		case name == "remote-type":
			kind = value
		case is && slices.Contains(ours, name):
		case is && (slices.Contains(remoteOptions, name) || slices.Contains(remoteOptions, strings.TrimPrefix(name, "no-"))):
			argv = append(argv, w)
		default:
			return nil, fmt.Errorf("read the command for the primary: %q is not an option of it", w)
		}
	}
	if stanza != s.Stanza || kind != "pg" {
		return nil, fmt.Errorf("read the command for the primary: it is for stanza %q and a remote of type %q, not for ours", stanza, kind)
	}
	return append(argv, "backup:remote"), nil
}
