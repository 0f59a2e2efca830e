package native

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// values are what a pod's environment refers to.
type values struct {
	field  func(path string) string // of the pod
	config func(name, key string) (string, bool)
	secret func(name, key string) (string, bool)
}

// translator turns a pod into what the kubelet starts.
type translator struct {
	images  Images
	etc     string            // the folder that is /etc in every container
	volumes map[string]string // folders, by the names of volumes
	values  values
}

// spec is the whole pod.
func (t translator) spec(pod kube.Object) (kubelet.Spec, error) {
	out := kubelet.Spec{Restart: kube.Text(pod, "spec", "restartPolicy")}
	for _, begins := range []bool{true, false} {
		kind := "containers"
		if begins {
			kind = "initContainers"
		}
		for _, c := range list(pod, "spec", kind) {
			made, err := t.container(pod, c)
			if err != nil {
				return out, fmt.Errorf("container %s: %w", kube.Text(c, "name"), err)
			}
			made.Sidecar = begins && kube.Text(c, "restartPolicy") == "Always"
			made.Init = begins && !made.Sidecar
			out.Containers = append(out.Containers, made)
		}
	}
	return out, nil
}

func (t translator) container(pod, c kube.Object) (kubelet.Container, error) {
	img, err := t.images.of(kube.Text(c, "image"))
	if err != nil {
		return kubelet.Container{}, err
	}
	out := kubelet.Container{
		Name: kube.Text(c, "name"), Root: &world.Root{Etc: t.etc}, Mounts: img.mounts, PreStop: texts(c, "lifecycle", "preStop", "exec", "command"),
		Started: probe(c, "startupProbe"), Ready: probe(c, "readinessProbe"), Live: probe(c, "livenessProbe"),
	}
	if out.Env, err = t.environment(c, img); err != nil {
		return out, err
	}
	command, args := texts(c, "command"), texts(c, "args")
	if len(command) == 0 {
		command = img.entrypoint
	}
	for _, word := range append(command[:len(command):len(command)], args...) {
		out.Args = append(out.Args, expand(word, out.Env))
	}
	if err := t.mounts(c, &out); err != nil {
		return out, err
	}
	return out, secure(pod, c, &out)
}

func (t translator) mounts(c kube.Object, out *kubelet.Container) error {
	for _, m := range list(c, "volumeMounts") {
		source, there := t.volumes[kube.Text(m, "name")]
		if !there {
			return fmt.Errorf("mount of the volume %s, which the pod does not have", kube.Text(m, "name"))
		}
		sub := kube.Text(m, "subPath")
		if expr := kube.Text(m, "subPathExpr"); expr != "" {
			sub = expand(expr, out.Env)
		}
		if sub != "" {
			source += "/" + sub
		}
		readOnly, _ := m["readOnly"].(bool)
		out.Mounts = append(out.Mounts, world.Mount{Source: source, Target: kube.Text(m, "mountPath"), ReadOnly: readOnly})
	}
	return nil
}

// environment is what the container's list says, of which what comes later may refer to what comes first.
func (t translator) environment(c kube.Object, img image) ([]string, error) {
	var env []string
	if img.path != "" {
		env = append(env, "PATH="+img.path+":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	}
	for _, v := range list(c, "env") {
		name, value := kube.Text(v, "name"), expand(kube.Text(v, "value"), env)
		from := object(v, "valueFrom")
		there := true
		switch {
		case from == nil:
		case from["fieldRef"] != nil:
			value = t.values.field(kube.Text(from, "fieldRef", "fieldPath"))
		case from["secretKeyRef"] != nil:
			value, there = t.values.secret(kube.Text(from, "secretKeyRef", "name"), kube.Text(from, "secretKeyRef", "key"))
		case from["configMapKeyRef"] != nil:
			value, there = t.values.config(kube.Text(from, "configMapKeyRef", "name"), kube.Text(from, "configMapKeyRef", "key"))
		default:
			return nil, fmt.Errorf("the environment's %s comes from what the harness does not know", name)
		}
		if !there {
			return nil, fmt.Errorf("the environment's %s comes from a key that is not there", name)
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

// expand replaces $(NAME) by what the environment says; a name that it lacks stays.
func expand(text string, env []string) string {
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		text = strings.ReplaceAll(text, "$("+name+")", value)
	}
	return text
}

// secure takes the user and the confinement of the pod and of the container, which has the last word. A container that has to run as another
// than root, and says no number, is refused as a kubelet refuses it.
func secure(pod, c kube.Object, out *kubelet.Container) error {
	own, common := object(c, "securityContext"), object(pod, "spec", "securityContext")
	out.UID = number(own, number(common, 0, "runAsUser"), "runAsUser")
	out.GID = number(own, number(common, 0, "runAsGroup"), "runAsGroup")
	if group := number(common, -1, "fsGroup"); group >= 0 {
		out.Groups = append(out.Groups, group)
	}
	more, _ := common["supplementalGroups"].([]any)
	for _, group := range more {
		if n, ok := group.(float64); ok {
			out.Groups = append(out.Groups, int(n))
		}
	}
	nonRoot, said := own["runAsNonRoot"].(bool)
	if !said {
		nonRoot, _ = common["runAsNonRoot"].(bool)
	}
	if nonRoot && out.UID == 0 {
		return fmt.Errorf("it has to run as a user that is not root, and says none")
	}
	out.Root.ReadOnly, _ = own["readOnlyRootFilesystem"].(bool)
	escalates, said := own["allowPrivilegeEscalation"].(bool)
	out.Confined = said && !escalates
	return nil
}

// probe of a container, or nil.
func probe(c kube.Object, kind string) *kubelet.Probe {
	p := object(c, kind)
	if p == nil {
		return nil
	}
	seconds := func(key string, otherwise int) time.Duration {
		return time.Duration(number(p, otherwise, key)) * time.Second
	}
	out := &kubelet.Probe{
		Initial: seconds("initialDelaySeconds", 0), Every: seconds("periodSeconds", 10), Timeout: seconds("timeoutSeconds", 1),
		Successes: number(p, 1, "successThreshold"), Failures: number(p, 3, "failureThreshold"), Exec: texts(p, "exec", "command"),
	}
	for _, way := range []string{"httpGet", "tcpSocket"} {
		if ask := object(p, way); ask != nil {
			out.Path, out.Port = kube.Text(ask, "path"), port(c, ask["port"])
		}
	}
	return out
}

// port is a number, or the number that a container's port of that name has.
func port(c kube.Object, port any) string {
	if n, ok := port.(float64); ok {
		return strconv.Itoa(int(n))
	}
	for _, p := range list(c, "ports") {
		if p["name"] == port {
			return strconv.Itoa(number(p, 0, "containerPort"))
		}
	}
	return fmt.Sprint(port)
}
