package backup

import "strconv"

// Gap tells whether the log is missing between the newest segment of the archive and the oldest that a server still has (sorted names of whole
// segments), and from which on the server has it. With segments of another size than 16 MB nothing is said where the count would differ.
func Gap(archived string, segments []string) (from string, gap bool) {
	last, ok := number(archived)
	if !ok || len(segments) == 0 {
		return "", false
	}
	oldest, name := uint64(0), ""
	for _, s := range segments {
		if n, ok := number(s); ok && (name == "" || n < oldest) {
			oldest, name = n, s
		}
	}
	return name, name != "" && oldest > last+1
}

// number counts segments without their timeline: the second half runs from 0 to FF with segments of 16 MB.
func number(segment string) (uint64, bool) {
	if len(segment) != 24 {
		return 0, false
	}
	high, err1 := strconv.ParseUint(segment[8:16], 16, 32)
	low, err2 := strconv.ParseUint(segment[16:], 16, 32)
	if err1 != nil || err2 != nil || low > 0xFF {
		return 0, false
	}
	return high<<8 | low, true
}
