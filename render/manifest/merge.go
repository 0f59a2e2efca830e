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

// Patch applies a patch as [MergePatch] does to what the object says, in all copies of the object.
func (o Object) Patch(patch Map) {
	c := o.content
	c.Lock()
	defer c.Unlock()
	if c.fields == nil {
		c.body = MergePatch(c.body, patch).(Map)
	} else {
		c.fields = patched(c.fields, patch)
	}
}

// patched is f with a patch, and shares with it what the patch leaves alone: builders share mappings among objects.
func patched(f *Fields, patch Map) *Fields {
	out := Room(f.Len() + len(patch))
	for k, v := range f.All() {
		change, hit := patch[k]
		below, isFields := v.(*Fields)
		p, merges := collection(change).(Map)
		switch {
		case !hit:
			out.Set(k, v)
		case merges && isFields:
			out.Set(k, patched(below, p))
		case change != nil:
			out.Set(k, MergePatch(v, change))
		}
	}
	for k, change := range patch {
		if f.find(k) < 0 && change != nil {
			out.Set(k, MergePatch(nil, change))
		}
	}
	return out
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
