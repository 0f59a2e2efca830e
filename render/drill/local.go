package drill

import (
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
)

// Local is what one drill restores and checks where no operator makes a scratch cluster: the drill's own pod restores into a volume that ends
// with it, and runs the server there.
type Local struct {
	// Cluster is the name of the database that is drilled.
	Cluster string `json:"cluster"`
	// Repository and Stanza are where its backups are. Keys are files.
	Repository config.Repository `json:"repository"`
	Stanza     string            `json:"stanza"`
	// Point is Newest or Random.
	Point string `json:"point"`
	// WindowDays is how far back a random point lies at most; 0 is as far as there are backups.
	WindowDays int `json:"windowDays,omitempty"`
	// Preload are the libraries that the server is started with.
	Preload []string `json:"preload,omitempty"`
	// Checks and Amcheck are those of [Config].
	Checks  []Check `json:"checks,omitempty"`
	Amcheck bool    `json:"amcheck,omitempty"`
	// Timeout is how long a restore and its checks may take.
	Timeout Duration `json:"timeout"`
	// Volume is the folder to restore into, Run one for sockets, locks and the configuration of pgBackRest.
	Volume string `json:"volume"`
	Run    string `json:"run"`
}

// DecodeLocal reads a Local from YAML. Fields that are none, given twice or missing are errors.
func DecodeLocal(data []byte) (*Local, error) {
	var l Local
	if err := decode(data, &l); err != nil {
		return nil, err
	}
	if err := l.validate(); err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	return &l, nil
}

func (l *Local) validate() error {
	var wrong []error
	if l.Cluster == "" || l.Stanza == "" || l.Repository.Type == "" {
		wrong = append(wrong, errors.New("cluster, stanza and repository say what is restored"))
	}
	if l.Point != Newest && l.Point != Random {
		wrong = append(wrong, fmt.Errorf("point is %q: newest or random", l.Point))
	}
	if time.Duration(l.Timeout) <= 0 || l.WindowDays < 0 {
		wrong = append(wrong, errors.New("timeout is more than nothing, and windowDays is not less"))
	}
	if !path.IsAbs(l.Volume) || !path.IsAbs(l.Run) || path.Clean(l.Volume) == path.Clean(l.Run) {
		wrong = append(wrong, errors.New("volume and run are two folders, absolute"))
	}
	for _, c := range l.Checks {
		if _, err := ParseExpect(c.Expect); err != nil || c.SQL == "" || c.Database == "" {
			wrong = append(wrong, fmt.Errorf("check %q is not whole", c.Name))
		}
	}
	return errors.Join(wrong...)
}

// LocalArgs are the arguments of the program in a container that has the variables [Env] and the file at config.
func LocalArgs(config string) []any {
	return []any{"drill", "local", "--config", config, "--job", "$(JOB_NAME)"}
}
