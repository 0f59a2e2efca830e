package manifest

// MergePatch applies an RFC 7386 JSON merge patch: mappings merge key by key, null deletes a key, and anything else
// replaces what was there, lists as a whole. Neither argument changes; the result is canonical and shares nothing with
// them.
func MergePatch(target, patch any) any {
	p, isMap := collection(patch).(Map)
	if !isMap {
		return Canonical(patch)
	}
	t, _ := collection(target).(Map)
	out := make(Map, len(t)+len(p))
	for k, v := range t {
		if change, patched := p[k]; !patched {
			out[k] = Canonical(v)
		} else if change != nil {
			out[k] = MergePatch(v, change)
		}
	}
	for k, change := range p {
		if _, done := t[k]; !done && change != nil {
			out[k] = MergePatch(nil, change)
		}
	}
	return out
}

// Patch is [MergePatch] on a mapping that the caller owns: it changes target itself, and copies only what the patch brings.
func Patch(target, patch Map) {
	for k, change := range patch {
		if change == nil {
			delete(target, k)
			continue
		}
		below, isMap := target[k].(Map)
		if p, merges := collection(change).(Map); merges && isMap {
			Patch(below, p)
		} else {
			target[k] = MergePatch(target[k], change)
		}
	}
}

// CreateMergePatch returns the smallest merge patch that makes to out of from: MergePatch(from, patch) equals to. Only a
// null in a mapping of to cannot come out of any merge patch; such a key is left out or deleted. Where nothing differs
// the patch is an empty Map.
func CreateMergePatch(from, to Map) Map {
	patch := Map{}
	for k, have := range from {
		if want, stays := to[k]; !stays || want == nil && have != nil {
			patch[k] = nil
		}
	}
	for k, want := range to {
		if want == nil {
			continue
		}
		have, had := from[k]
		x, wasMap := collection(have).(Map)
		y, isMap := collection(want).(Map)
		switch {
		case wasMap && isMap:
			if p := CreateMergePatch(x, y); len(p) > 0 {
				patch[k] = p
			}
		case !had || !EqualValue(have, want):
			patch[k] = withoutNulls(want)
		}
	}
	return patch
}

// withoutNulls is a canonical copy without the nulls in mappings, in lists too: what a patch would delete anyway.
func withoutNulls(v any) any {
	return MergePatch(nil, v)
}
