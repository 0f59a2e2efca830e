package drill

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// look reads all that tells whether a drill may begin, and whether one has left anything. The record comes last, so that it is not
// older than what it is held against.
func (k *Cluster) look(ctx context.Context) (*drill.World, error) {
	var w drill.World
	source, err := k.get(ctx, clusters(), k.cfg.Cluster)
	if err != nil {
		return nil, err
	}
	w.Owner, w.Cluster = manifest.Text(source, "metadata", "uid"), source
	if w.Scratch, err = k.observe(ctx); err != nil {
		return nil, err
	}
	claims, err := k.in(volumes()).List(ctx, metav1.ListOptions{LabelSelector: clusterLabel + "=" + drill.ScratchName(k.cfg.Cluster)})
	if err != nil {
		return nil, err
	}
	w.Volumes = len(claims.Items)
	record, err := k.get(ctx, configMaps(), k.cfg.Record.ConfigMap)
	if err != nil {
		return nil, err
	}
	w.Version = manifest.Text(record, "metadata", "resourceVersion")
	// A history that somebody broke is begun anew.
	w.History, _ = drill.ReadHistory(record)
	if s := w.Scratch; s != nil && s.Owner != "" {
		if w.Maker, err = k.job(ctx, s.Owner, s.OwnerUID); err != nil {
			return nil, err
		}
	}
	if o := w.History.Open; o != nil {
		if w.Opener, err = k.job(ctx, o.Job, o.JobUID); err != nil {
			return nil, err
		}
	}
	return &w, nil
}

func (k *Cluster) job(ctx context.Context, name, uid string) (drill.JobState, error) {
	if uid == k.run.JobUID {
		return drill.JobAlive, nil // ours
	}
	job, err := k.get(ctx, jobs(), name)
	if err != nil {
		return 0, err
	}
	return drill.ReadJob(job, uid), nil
}

// observe reads the scratch Cluster; nil when there is none.
func (k *Cluster) observe(ctx context.Context) (*drill.Scratch, error) {
	k.watch()
	cluster, err := k.get(ctx, clusters(), drill.ScratchName(k.cfg.Cluster))
	if err != nil || cluster == nil {
		return nil, err
	}
	return drill.ReadScratch(k.cfg, cluster), nil
}

// source reads the recovery window and the snapshots, as far as they are asked for.
func (k *Cluster) source(ctx context.Context) (*drill.Source, error) {
	var s drill.Source
	if w := k.cfg.Window; w != nil && k.cfg.Point == drill.Random {
		r := stores()
		if w.Kind == "Cluster" {
			r = clusters()
		}
		object, err := k.get(ctx, r, w.Name)
		if err != nil {
			return nil, err
		}
		if object == nil {
			return nil, fmt.Errorf("%s %s is not there: %w", w.Kind, w.Name, errRefused)
		}
		span, err := drill.ReadWindow(*w, object)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, errRefused)
		}
		s.Window = &span
	}
	if k.cfg.Snapshot {
		list, err := k.in(backups()).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		var objects []manifest.Map
		for _, item := range list.Items {
			objects = append(objects, item.Object)
		}
		s.Backups = drill.ReadBackups(k.cfg.Cluster, objects)
	}
	return &s, nil
}

// watch begins to watch the scratch Cluster, for as long as the program runs. That only shortens waits: whatever is missed
// while a watch is broken, the next look finds.
func (k *Cluster) watch() {
	if k.watched {
		return
	}
	k.watched = true
	go func() {
		const between = 5 * time.Second
		for {
			w, err := k.in(clusters()).Watch(context.Background(), metav1.ListOptions{
				FieldSelector: "metadata.name=" + drill.ScratchName(k.cfg.Cluster),
			})
			if err == nil {
				k.forward(w)
			}
			time.Sleep(between)
		}
	}()
}

// forward tells of changes until the watch ends, as the API server ends every watch in time.
func (k *Cluster) forward(w watch.Interface) {
	defer w.Stop()
	for range w.ResultChan() {
		select {
		case k.changes <- struct{}{}:
		default: // one is waiting to be seen
		}
	}
}
