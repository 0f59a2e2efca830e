package kube

import "strconv"

// Hindrance is why a pod does not come up, as its status says it: one word, as kubectl shows it, and the rest in words. Both are empty where nothing in the status says so.
func Hindrance(p Pod) (reason, detail string) {
	for _, c := range p.Containers {
		switch c.Waiting {
		case "", "PodInitializing", "ContainerCreating": // until another container, a volume or an image is there
			continue
		}
		detail = "container " + c.Name
		if c.Last != nil {
			detail += ended(c.Last)
		}
		return c.Waiting, with(detail, c.Message)
	}
	if p.Unscheduled != "" {
		return p.Unscheduled, p.Message
	}
	for _, c := range p.Containers {
		if c.Terminated != nil && c.Terminated.ExitCode != 0 {
			return "Error", "container " + c.Name + ended(c.Terminated)
		}
		if c.Waiting == "ContainerCreating" {
			reason, detail = c.Waiting, with("container "+c.Name, c.Message)
		}
	}
	return reason, detail
}

func ended(t *Terminated) string {
	return ", which ended with " + t.Reason + " " + strconv.Itoa(int(t.ExitCode))
}

func with(text, message string) string {
	if message == "" {
		return text
	}
	return text + ": " + message
}
