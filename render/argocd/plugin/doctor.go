package plugin

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Level is how grave a finding is.
type Level string

// The levels. Only what is not fine is a finding.
const (
	Fine    Level = "ok"
	Warning Level = "warning"
	Error   Level = "error"
)

// Finding is the outcome of one check of the place that the plugin runs in.
type Finding struct {
	Check   string `json:"check"`
	Level   Level  `json:"level"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Surroundings are what the edge found out about the place. The zero value of a field is that it was not found.
type Surroundings struct {
	Version string
	User    int
	// Temp is the folder for temporary files, TempError why it cannot be written to ("" can), and TempFree the bytes left there.
	Temp, TempError string
	TempFree        uint64
	// Server, Socket and Config are the paths of Argo CD's server, the plugin's socket and its configuration; the errors say why
	// each is not usable, "" where it is.
	Server, ServerError string
	Socket, SocketError string
	Config, ConfigError string
	ConfigData          []byte
	// MemoryLimit is the container's in bytes, 0 for none.
	MemoryLimit uint64
	// Environ are the variables, as name=value.
	Environ []string
	// Files and Bytes are the size of the working folder with all below it, Git those of .git in it.
	Files      int
	Bytes, Git int64
}

const (
	mib = 1 << 20
	// maxVariable is how long Linux lets one variable be, with its name.
	maxVariable = 128 << 10
	leastMemory = 128 * mib
	leastTemp   = 256 * mib
	largeFolder = 100 * mib
)

// Diagnose looks at every side of the place, in a fixed order.
func Diagnose(s Surroundings) []Finding {
	out := []Finding{{"version", Fine, "onggi " + s.Version, ""}, s.user(), s.temp(), s.memory()}
	out = append(out, usable("server", s.Server, s.ServerError, "mount the volume var-files at "+ServerFolder), s.config(),
		usable("socket", s.Socket, s.SocketError, "mount the volume plugins at "+SocketFolder+", and see whether argocd-cmp-server runs"))
	out = append(out, s.variables()...)
	return append(out, s.folder())
}

func usable(check, path, problem, fix string) Finding {
	if problem != "" {
		return Finding{check, Error, path + ": " + problem, fix}
	}
	return Finding{check, Fine, path, ""}
}

func (s Surroundings) user() Finding {
	if s.User != User {
		return Finding{"user", Error, fmt.Sprintf("runs as user %d, and Argo CD's servers as %d: neither could open the other's socket", s.User, User), fmt.Sprintf("set runAsUser: %d on the sidecar", User)}
	}
	return Finding{"user", Fine, fmt.Sprintf("%d", s.User), ""}
}

func (s Surroundings) temp() Finding {
	switch {
	case s.TempError != "":
		return Finding{"temporary folder", Error, s.Temp + ": " + s.TempError + "; Argo CD's server unpacks repositories there", "mount an emptyDir of the sidecar's own at /tmp"}
	case s.TempFree < leastTemp:
		return Finding{"temporary folder", Warning, fmt.Sprintf("%s has %d MiB left; each call unpacks the repository there", s.Temp, s.TempFree/mib), "give the emptyDir a larger sizeLimit"}
	}
	return Finding{"temporary folder", Fine, fmt.Sprintf("%s, %d MiB left", s.Temp, s.TempFree/mib), ""}
}

func (s Surroundings) memory() Finding {
	switch {
	case s.MemoryLimit == 0:
		return Finding{"memory", Fine, "no limit", ""}
	case s.MemoryLimit < leastMemory:
		return Finding{"memory", Warning, fmt.Sprintf("the limit is %d MiB; Argo CD's server and several renderings at a time need more", s.MemoryLimit/mib), "set a memory limit of 512Mi"}
	}
	return Finding{"memory", Fine, fmt.Sprintf("limit of %d MiB", s.MemoryLimit/mib), ""}
}

// config compares the configuration with those that this release installs.
func (s Surroundings) config() Finding {
	if s.ConfigError != "" {
		return Finding{"configuration", Error, s.Config + ": " + s.ConfigError, "onggi cmp install prints it, and the volume that holds it"}
	}
	for _, discovery := range Discoveries() {
		if bytes.Equal(bytes.TrimSpace(s.ConfigData), bytes.TrimSpace(Installation{Discovery: Discovery(discovery)}.Plugin())) {
			return Finding{"configuration", Fine, fmt.Sprintf("%s, discovery by %s", s.Config, discovery), ""}
		}
	}
	return Finding{"configuration", Warning, s.Config + " is not what this release installs", "compare it with onggi cmp install --format plugin; if the differences are meant, leave it"}
}

func (s Surroundings) variables() []Finding {
	var out []Finding
	told := func(check string, problems spec.Problems) {
		for _, p := range problems {
			out = append(out, Finding{check, Error, p.Error(), p.Fix})
		}
	}
	for _, entry := range s.Environ {
		name, value, _ := strings.Cut(entry, "=")
		if size := len(entry) + 1; size > maxVariable*3/4 {
			out = append(out, Finding{"variables", Warning, fmt.Sprintf("%s has %d KiB; from %d KiB on no program can be started", name, size>>10, maxVariable>>10),
				"keep parameters small: put what is long into an environment of the spec"})
		}
		switch name {
		case "ARGOCD_APP_PARAMETERS":
			_, problems := Parse(value)
			told("parameters", problems)
		case "KUBE_VERSION":
			told("destination", Kubernetes(value))
		case "ARGOCD_EXEC_TIMEOUT":
			out = append(out, Finding{"variables", Warning, name + " has no effect on a plugin", "set controller.repo.server.timeout.seconds and server.repo.server.timeout.seconds of Argo CD, and generate --timeout below them"})
		case "ARGOCD_GRPC_MAX_SIZE_MB":
			if n, err := strconv.Atoi(value); err != nil || n <= 0 {
				out = append(out, Finding{"variables", Error, name + " is no number of megabytes: " + value, "write 100 or more, the same as on the repo-server"})
			}
		}
	}
	told("variables", Strays(s.Environ))
	if len(out) == 0 {
		out = append(out, Finding{"variables", Fine, fmt.Sprintf("%d read", len(s.Environ)), ""})
	}
	return out
}

func (s Surroundings) folder() Finding {
	size := fmt.Sprintf("%d files, %.1f MiB", s.Files, float64(s.Bytes)/mib)
	switch {
	case s.Git > 0:
		return Finding{"working folder", Warning, fmt.Sprintf("%s, %.1f MiB of it .git, which is sent with every call", size, float64(s.Git)/mib), "set reposerver.plugin.tar.exclusions to " + TarExclusions}
	case s.Bytes > largeFolder:
		return Finding{"working folder", Warning, size + ": all of it is sent for every application and commit", "use --discovery name, and reposerver.plugin.use.manifest.generate.paths"}
	}
	return Finding{"working folder", Fine, size, ""}
}
