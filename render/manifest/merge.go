package manifest

// MergePatch applies an RFC 7386 merge patch and returns the result. Neither argument is changed; the result may share
// parts with both.
func MergePatch(target, patch any) any {
	p, ok := patch.(Map)
	if !ok {
		return patch
	}
	t, _ := target.(Map)
	out := make(Map, len(t)+len(p))
	for k, v := range t {
		out[k] = v
	}
	for k, v := range p {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = MergePatch(out[k], v)
	}
	return out
}

// CreateMergePatch returns the smallest merge patch that turns from into to. Where to holds nulls it cannot be expressed:
// a null in a patch takes away.
func CreateMergePatch(from, to Map) Map {
	patch := make(Map)
	for k := range from {
		if _, kept := to[k]; !kept {
			patch[k] = nil
		}
	}
	for k, is := range to {
		was, known := from[k]
		if !known {
			patch[k] = is
			continue
		}
		x, wasMap := was.(Map)
		y, isMap := is.(Map)
		if wasMap && isMap {
			if inner := CreateMergePatch(x, y); len(inner) > 0 {
				patch[k] = inner
			}
			continue
		}
		d := differ{}
		if d.value(was, is); len(d.found) > 0 {
			patch[k] = is
		}
	}
	return patch
}
