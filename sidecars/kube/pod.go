package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Pod is what is read of a pod.
type Pod struct {
	PodMeta
	Node  string
	IP    string // empty: it has none yet
	Phase string
	// Unscheduled is why no node has it, and Message the scheduler's words; empty: one has, or nobody looked yet.
	Unscheduled, Message string
	Containers           []ContainerStatus // of the ordinary containers, then of the init containers, sidecars among these
}

// ContainerStatus is what the kubelet says of a container.
type ContainerStatus struct {
	Name       string
	Init       bool
	Restarts   int32
	Running    bool
	Waiting    string      // the reason; empty: it is not waiting, or nobody says why
	Message    string      // more of that
	Terminated *Terminated // as it is now; nil: it is not terminated
	Last       *Terminated // the run before this one; nil: there was none, or it is forgotten
}

// Terminated is the end of one run of a container.
type Terminated struct {
	ExitCode int32
	Reason   string
	Message  string // what the process left in its termination log
	Started  time.Time
	Finished time.Time
}

// GetPod reads a pod with its status, from the store.
func (c *Client) GetPod(ctx context.Context, name string) (Pod, Result) {
	var p Pod
	result := c.do(ctx, call{verb: "get", method: http.MethodGet, path: c.core("pods", name)}, func(body []byte) (err error) {
		p, err = decodePod(body)
		return err
	})
	if result.Outcome != Applied {
		return Pod{}, result
	}
	return p, result
}

// DeathProof tells whether the pod's status proves that one instance of a container's process is dead: the kubelet says of the container, in the
// pod of that UID, that a run of it terminated, now or last, and the message that run left names the instance. Nothing less is proof. A pod
// object can be deleted, fail, or lose its readiness while its processes run on; and a run that ended without a word may be any instance.
//
// The message names an instance where a word of it, between white space, is the instance, alone or after "instance=".
func DeathProof(p Pod, uid, container, instance string) bool {
	if uid == "" || p.UID != uid || instance == "" {
		return false
	}
	for _, c := range p.Containers {
		if c.Name == container && (c.Terminated.names(instance) || c.Last.names(instance)) {
			return true
		}
	}
	return false
}

func (t *Terminated) names(instance string) bool {
	return t != nil && slices.ContainsFunc(strings.Fields(t.Message), func(word string) bool {
		return strings.TrimPrefix(word, "instance=") == instance
	})
}

// PatchPodLabels sets labels of a pod, if it is the one of that UID; a nil value takes a label away. Where the pod has them all
// already, as known, nothing is sent. Conflict: the name is another pod's by now.
func (c *Client) PatchPodLabels(ctx context.Context, known PodMeta, labels map[string]*string) (PodMeta, Result) {
	if known.UID == "" {
		return PodMeta{}, Result{Outcome: Refused, Err: errors.New("label a pod: which one is not said by its UID")}
	}
	if !differs(known.Labels, labels) {
		return known, Result{Outcome: Applied}
	}
	var patch struct {
		Metadata struct {
			UID    string             `json:"uid"`
			Labels map[string]*string `json:"labels"`
		} `json:"metadata"`
	}
	patch.Metadata.UID, patch.Metadata.Labels = known.UID, labels
	body, err := json.Marshal(patch)
	if err != nil {
		return PodMeta{}, Result{Outcome: Refused, Err: err}
	}
	var after PodMeta
	result := c.do(ctx, call{
		verb: "patch", method: http.MethodPatch, path: c.core("pods", known.Name), body: body, content: "application/merge-patch+json",
		accept: asJSON + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
	}, func(body []byte) (err error) {
		after, err = decodePodMeta(body)
		return err
	})
	if result.Outcome != Applied {
		return PodMeta{}, result
	}
	return after, result
}

func differs(have map[string]string, want map[string]*string) bool {
	for key, value := range want {
		now, has := have[key]
		if has != (value != nil) || has && now != *value {
			return true
		}
	}
	return false
}

// podWire is the part of a pod that is read.
type podWire struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name     string            `json:"name"`
		UID      string            `json:"uid"`
		Version  string            `json:"resourceVersion"`
		Labels   map[string]string `json:"labels"`
		Deleting string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Node string `json:"nodeName"`
	} `json:"spec"`
	Status struct {
		Phase      string          `json:"phase"`
		Conditions []conditionWire `json:"conditions"`
		IP         string          `json:"podIP"`
		Containers []containerWire `json:"containerStatuses"`
		Init       []containerWire `json:"initContainerStatuses"`
	} `json:"status"`
}

type conditionWire struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type containerWire struct {
	Name     string    `json:"name"`
	Restarts int32     `json:"restartCount"`
	State    stateWire `json:"state"`
	Last     stateWire `json:"lastState"`
}

type stateWire struct {
	Running *struct{} `json:"running"`
	Waiting *struct {
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"waiting"`
	Terminated *struct {
		ExitCode int32  `json:"exitCode"`
		Reason   string `json:"reason"`
		Message  string `json:"message"`
		Started  string `json:"startedAt"`
		Finished string `json:"finishedAt"`
	} `json:"terminated"`
}

func decodePod(data []byte) (Pod, error) {
	meta, err := decodePodMeta(data)
	if err != nil {
		return Pod{}, err
	}
	var w podWire
	if err := json.Unmarshal(data, &w); err != nil {
		return Pod{}, err
	}
	if w.Kind != "Pod" {
		return Pod{}, errors.New("it is not a Pod but a " + w.Kind)
	}
	p := Pod{PodMeta: meta, Node: w.Spec.Node, IP: w.Status.IP, Phase: w.Status.Phase}
	for _, c := range w.Status.Conditions {
		if c.Type == "PodScheduled" && c.Status == "False" {
			p.Unscheduled, p.Message = c.Reason, c.Message
		}
	}
	for _, s := range w.Status.Containers {
		p.Containers = append(p.Containers, s.status(false))
	}
	for _, s := range w.Status.Init {
		p.Containers = append(p.Containers, s.status(true))
	}
	return p, nil
}

func (w containerWire) status(init bool) ContainerStatus {
	s := ContainerStatus{Name: w.Name, Init: init, Restarts: w.Restarts, Running: w.State.Running != nil, Terminated: w.State.end(), Last: w.Last.end()}
	if w.State.Waiting != nil {
		s.Waiting, s.Message = w.State.Waiting.Reason, w.State.Waiting.Message
	}
	return s
}

func (w stateWire) end() *Terminated {
	t := w.Terminated
	if t == nil {
		return nil
	}
	return &Terminated{ExitCode: t.ExitCode, Reason: t.Reason, Message: t.Message, Started: instant(t.Started), Finished: instant(t.Finished)}
}
