package render_test

import "testing"

func TestSamplesCompile(t *testing.T) { samples(t) }
