package main

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/tree"
)

// spoolMemory is how many bytes wait in memory: a few databases. Whatever is alive there costs five times its size at the
// peak, since the collector runs seldom.
const spoolMemory = 256 << 10

// spool keeps what has been rendered until everything has been: only then is anything written, and nothing is rendered twice.
// What does not fit into memory waits in one temporary file, so that memory does not grow with the fleet.
type spool struct {
	mu      sync.Mutex
	waiting []record
	memory  []byte
	file    *os.File
	end     int64 // of memory, and of the file after it
}

// record is a folder, and where its files are. A fleet has tens of thousands of records.
type record struct {
	dir  string
	at   int64
	size int32
	done bool // work is through with it
}

// put adds a folder. It may be called from several goroutines at once.
func (s *spool) put(out output) error {
	data := encodeTree(out.tree)
	if len(data) > math.MaxInt32 {
		return cli.Exit(cli.InOut, "%s is larger than 2 GiB", out.dir)
	}
	at, err := s.place(out.dir, data)
	if err != nil || at < spoolMemory {
		return err
	}
	if _, err := s.file.WriteAt(data, at-spoolMemory); err != nil {
		return cli.Exit(cli.InOut, "write a temporary file: %w", source.Cause(err))
	}
	return nil
}

// place finds room for a folder. Memory is filled here, the file by the caller, for which nobody has to wait.
func (s *spool) place(dir string, data []byte) (at int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil && len(s.memory)+len(data) <= spoolMemory {
		s.memory = append(s.memory, data...)
	} else if s.file == nil {
		if s.file, err = os.CreateTemp("", "onggi-"); err != nil {
			return 0, cli.Exit(cli.InOut, "make a temporary file: %w", source.Cause(err))
		}
		// Where a file that is open can be removed, a kill leaves nothing behind; elsewhere close removes it.
		_ = os.Remove(s.file.Name())
		s.end = spoolMemory
	}
	at = s.end
	s.end += int64(len(data))
	s.waiting = append(s.waiting, record{dir: dir, at: at, size: int32(len(data))})
	return at, nil
}

// each calls work with every folder that is not done with, on all cores, and stops after the first error. A folder is done
// with when work says so, or else comes again next time.
func (s *spool) each(ctx context.Context, work func(output) (done bool, err error)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for some := range slices.Chunk(s.waiting, 1024) {
		source.InParallel(ctx, len(some), func(i int) error {
			if some[i].done {
				return nil
			}
			out, err := s.get(some[i])
			if err == nil {
				some[i].done, err = work(out)
			}
			if err != nil {
				stop(err)
			}
			return nil
		})
	}
	return context.Cause(ctx)
}

func (s *spool) get(r record) (output, error) {
	var data []byte
	if r.at < spoolMemory {
		data = s.memory[r.at : r.at+int64(r.size)]
	} else {
		data = make([]byte, r.size)
		if _, err := s.file.ReadAt(data, r.at-spoolMemory); err != nil {
			return output{}, cli.Exit(cli.InOut, "read a temporary file: %w", source.Cause(err))
		}
	}
	t, err := decodeTree(data)
	if err != nil {
		return output{}, cli.Exit(cli.InOut, "read a temporary file: %w", err)
	}
	return output{r.dir, t}, nil
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
		_ = os.Remove(s.file.Name()) // gone already, mostly
	}
}

// encodeTree is, for each file, its name and its bytes, each with their length before them.
func encodeTree(t tree.Tree) []byte {
	size := 0
	for name, data := range t.All() {
		size += 2*binary.MaxVarintLen32 + len(name) + len(data)
	}
	out := make([]byte, 0, size)
	for name, data := range t.All() {
		out = append(binary.AppendUvarint(out, uint64(len(name))), name...)
		out = append(binary.AppendUvarint(out, uint64(len(data))), data...)
	}
	return out
}

// decodeTree makes a tree of what encodeTree made of one. The files share data.
func decodeTree(data []byte) (tree.Tree, error) {
	var t tree.Tree
	next := func() ([]byte, error) {
		n, width := binary.Uvarint(data)
		if width <= 0 || n > uint64(len(data)-width) {
			return nil, errors.New("it was cut short")
		}
		part := data[width : width+int(n)]
		data = data[width+int(n):]
		return part, nil
	}
	for len(data) > 0 {
		name, err := next()
		if err != nil {
			return t, err
		}
		content, err := next()
		if err != nil {
			return t, err
		}
		if err := t.Add(string(name), content); err != nil {
			return t, err
		}
	}
	return t, nil
}
