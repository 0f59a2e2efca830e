// Command reference writes the field reference of the spec to the file it is given.
//
// It is run by go generate in package spec.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/onggi-db/onggi/render/spec"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: reference FILE")
	}
	if err := os.MkdirAll(filepath.Dir(os.Args[1]), 0o755); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], spec.Reference(), 0o644); err != nil {
		log.Fatal(err)
	}
}
