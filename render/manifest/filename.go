package manifest

import "strings"

// FileNames are stable names for files that hold one object each: cluster-shop.yaml. Where two objects would share a name,
// both carry their API group, and their namespace if that does not tell them apart either.
func FileNames(objs []Object) []string {
	forms := []func(Ref) string{
		func(r Ref) string { return r.Kind + "-" + r.Name },
		func(r Ref) string { return r.Kind + "." + r.Group() + "-" + r.Name },
		func(r Ref) string { return r.Kind + "." + r.Group() + "-" + r.Namespace + "-" + r.Name },
	}
	names := make([]string, len(objs))
	level := make([]int, len(objs))
	for range forms {
		count := make(map[string]int, len(objs))
		for i, o := range objs {
			names[i] = strings.ToLower(forms[level[i]](o.Ref())) + ".yaml"
			count[names[i]]++
		}
		for i := range objs {
			if count[names[i]] > 1 && level[i] < len(forms)-1 {
				level[i]++
			}
		}
	}
	return names
}
