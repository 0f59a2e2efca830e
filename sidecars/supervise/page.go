package supervise

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	pageSize  = 4096
	pageMagic = 0x6f6e6767692f7631 // "onggi/v1"
)

// page is the memory that supervisor and guard share: who the supervisor fences, the deadline, and the guard's own sign of life.
// Words are written atomically; the deadline has two slots, so that a supervisor stopped in the middle of a write
// never leaves a torn one.
type page struct {
	words *[pageSize / 8]atomic.Uint64
	bytes []byte
}

const (
	wordMagic     = iota
	wordNamespace // inode of the PID namespace that may be killed
	wordSlot      // which slot holds
	wordSlots     // 2 × {raw, boot, armed}
	wordGuard     = wordSlots + 6
	wordBeatRaw   = wordGuard + 1
	wordBeatBoot  = wordGuard + 2
	wordKills     = wordGuard + 3 // how often the guard killed
)

// newPage makes the memory and the file that a guard inherits.
func newPage(namespace uint64) (*page, *os.File, error) {
	// Sealed against execution where the kernel knows that; older ones refuse the flag.
	fd, err := unix.MemfdCreate("onggi-permit", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err != nil {
		fd, err = unix.MemfdCreate("onggi-permit", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("make the memory shared with the guard: %w", err)
	}
	file := os.NewFile(uintptr(fd), "permit")
	if err := file.Truncate(pageSize); err != nil {
		return nil, nil, fmt.Errorf("make the memory shared with the guard: %w", err)
	}
	p, err := mapPage(fd)
	if err != nil {
		return nil, nil, err
	}
	p.words[wordNamespace].Store(namespace)
	p.words[wordMagic].Store(pageMagic)
	return p, file, nil
}

// openPage maps the memory inherited as fd.
func openPage(fd int) (*page, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Size != pageSize {
		return nil, errors.New("the guard is started by a supervisor, which hands it a deadline: none was")
	}
	p, err := mapPage(fd)
	if err == nil && p.words[wordMagic].Load() != pageMagic {
		err = errors.New("the guard was handed something that is no deadline")
	}
	return p, err
}

func mapPage(fd int) (*page, error) {
	b, err := unix.Mmap(fd, 0, pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the memory shared with the guard: %w", err)
	}
	return &page{words: (*[pageSize / 8]atomic.Uint64)(unsafe.Pointer(&b[0])), bytes: b}, nil
}

// deadline is when everything dies, if armed.
type deadline struct {
	end   instant
	armed bool
}

func (d deadline) passed(now instant) bool { return d.armed && left(d.end, now) == 0 }

// write publishes a deadline. There is one writer.
func (p *page) write(d deadline) {
	slot := p.words[wordSlot].Load() + 1
	at := wordSlots + 3*int(slot%2)
	p.words[at].Store(uint64(d.end.raw))
	p.words[at+1].Store(uint64(d.end.boot))
	var armed uint64
	if d.armed {
		armed = 1
	}
	p.words[at+2].Store(armed)
	p.words[wordSlot].Store(slot)
}

// read takes the deadline that was published last. The writer needs two further writes to touch the slot that is being read.
func (p *page) read() deadline {
	for {
		slot := p.words[wordSlot].Load()
		at := wordSlots + 3*int(slot%2)
		d := deadline{
			end:   instant{raw: time.Duration(p.words[at].Load()), boot: time.Duration(p.words[at+1].Load())},
			armed: p.words[at+2].Load() == 1,
		}
		if p.words[wordSlot].Load() == slot {
			return d
		}
	}
}

// beat is the guard's sign of life.
func (p *page) beat(pid int, now instant) {
	p.words[wordBeatRaw].Store(uint64(now.raw))
	p.words[wordBeatBoot].Store(uint64(now.boot))
	p.words[wordGuard].Store(uint64(pid))
}

// guarded says whether the guard of that pid gave a sign of life less than d ago.
func (p *page) guarded(pid int, now instant, d time.Duration) bool {
	then := instant{raw: time.Duration(p.words[wordBeatRaw].Load()), boot: time.Duration(p.words[wordBeatBoot].Load())}
	return pid > 0 && p.words[wordGuard].Load() == uint64(pid) && now.since(then) < d
}

func (p *page) killed() { p.words[wordKills].Add(1) }
