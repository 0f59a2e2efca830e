package graph

import "strings"

// em is about how wide a character is in the sans-serif faces that pages are shown in, in thousandths of the font size. The
// reader's own font is not known here, so the numbers are those of a wide one.
func em(r rune) int {
	switch {
	case strings.ContainsRune("iljI.,:;'|!", r):
		return 290
	case strings.ContainsRune("ftr()[]{}/\\- ", r):
		return 390
	case strings.ContainsRune("mwMW@%", r):
		return 890
	case r >= 0x1100 && r <= 0xffdc && r != '…':
		return 1000 // Hangul, Han and Kana
	case r >= 'A' && r <= 'Z':
		return 690
	case r >= 0x1f000:
		return 1250
	}
	return 590
}

func width(s string, size float64) float64 {
	sum := 0
	for _, r := range s {
		sum += em(r)
	}
	return float64(sum) * size / 1000
}

// fit cuts s to a width, with an ellipsis where something is gone.
func fit(s string, size, limit float64) string {
	if width(s, size) <= limit {
		return s
	}
	limit -= width("…", size)
	var b strings.Builder
	used := 0.0
	for _, r := range s {
		used += float64(em(r)) * size / 1000
		if used > limit {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ,·") + "…"
}
