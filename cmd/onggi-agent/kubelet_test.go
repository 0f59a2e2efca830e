package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// startKubelet serves what the kubelets of a cluster would tell of its pods, under their names and with their labels, as it is measured here: room
// on the volumes, processor time and memory of the processes. It returns the address. Only the series that alerts and dashboards read are there.
func (l *lab) startKubelet(namespace string) string {
	l.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l.t, err)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		for _, p := range l.pods {
			p.measure(&b, namespace)
		}
		_, _ = w.Write([]byte(b.String()))
	})}
	go func() { _ = server.Serve(listener) }()
	l.t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// measure writes the series of one pod.
func (p *pod) measure(b *strings.Builder, namespace string) {
	var volume unix.Statfs_t
	if unix.Statfs(p.dir+"/vol", &volume) == nil {
		claim := fmt.Sprintf("{namespace=%q,persistentvolumeclaim=%q}", namespace, "data-"+p.name)
		fmt.Fprintf(b, "kubelet_volume_stats_available_bytes%s %d\n", claim, volume.Bavail*uint64(volume.Bsize))
		fmt.Fprintf(b, "kubelet_volume_stats_capacity_bytes%s %d\n", claim, volume.Blocks*uint64(volume.Bsize))
	}
	supervisor := p.supervisor
	if supervisor == nil || supervisor.Process == nil || childOf(supervisor) == 0 {
		return
	}
	one := childOf(supervisor)
	container := fmt.Sprintf("{namespace=%q,pod=%q,container=\"database\"}", namespace, p.name)
	used, kilobytes := time.Duration(0), 0
	for _, pid := range tree(one) {
		used, kilobytes = used+cpuOf(pid), kilobytes+pssOf(pid)
	}
	fmt.Fprintf(b, "container_cpu_usage_seconds_total%s %f\n", container, used.Seconds())
	fmt.Fprintf(b, "container_memory_working_set_bytes%s %d\n", container, kilobytes<<10)
}

// tree is a process with all below it.
func tree(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", all[i]))
		for _, thread := range threads {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", all[i], thread.Name()))
			for _, child := range strings.Fields(string(text)) {
				var n int
				if _, err := fmt.Sscan(child, &n); err == nil {
					all = append(all, n)
				}
			}
		}
	}
	return all
}

// mount gives a pod a volume of its own of some MB, which can be filled. It is called before the pod starts.
func (p *pod) mount(megabytes int) {
	p.lab.t.Helper()
	options := fmt.Sprintf("size=%dm,mode=0700,uid=%d,gid=%d", megabytes, p.lab.uid, p.lab.gid)
	require.NoError(p.lab.t, unix.Mount("tmpfs", p.dir+"/vol", "tmpfs", 0, options))
	p.lab.t.Cleanup(func() { _ = unix.Unmount(p.dir+"/vol", unix.MNT_DETACH) })
}

// used is how full the volume is, in percent.
func (p *pod) used() float64 {
	var v unix.Statfs_t
	require.NoError(p.lab.t, unix.Statfs(p.dir+"/vol", &v))
	return 100 * (1 - float64(v.Bavail)/float64(v.Blocks))
}

// ballast makes a file on the volume grow until so many percent of that are used.
func (p *pod) ballast(percent float64) {
	p.lab.t.Helper()
	f, err := os.OpenFile(p.dir+"/vol/ballast", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(p.lab.t, err)
	defer f.Close()
	for block := make([]byte, 256<<10); p.used() < percent; {
		_, err := f.Write(block)
		require.NoError(p.lab.t, err)
	}
}

// unload removes it.
func (p *pod) unload() { _ = os.Remove(p.dir + "/vol/ballast") }
