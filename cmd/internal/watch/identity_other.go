//go:build !unix

package watch

// identity is a folder's own, which there is none of here.
type identity struct{}

func identify(string) (identity, bool, error) { return identity{}, false, nil }
