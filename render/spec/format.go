package spec

func takesNumbers(format string) bool { return format == "quantity" }

func checkFormat(format, s string) *violation { return nil }
