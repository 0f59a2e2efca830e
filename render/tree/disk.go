package tree

import "os"

// disk makes every change to a folder, so that a test can stop a run at each of them. Names are relative and slash-separated.
type disk interface {
	Mkdir(name string) error
	Write(name string, data []byte) error
	Append(name string, data []byte) error
	Rename(from, to string) error
	Remove(name string) error // a file or an empty folder
}

// rootDisk is the real one. An os.Root keeps every change below the folder, whatever links someone makes meanwhile.
type rootDisk struct {
	root  *os.Root
	flush bool
}

func (d rootDisk) Mkdir(name string) error { return d.root.Mkdir(name, 0o755) }

func (d rootDisk) Write(name string, data []byte) error {
	return d.write(name, data, os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
}

func (d rootDisk) Append(name string, data []byte) error {
	return d.write(name, data, os.O_CREATE|os.O_WRONLY|os.O_APPEND)
}

func (d rootDisk) write(name string, data []byte, flag int) (err error) {
	f, err := d.root.OpenFile(name, flag, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if d.flush {
		return f.Sync()
	}
	return nil
}

func (d rootDisk) Rename(from, to string) error { return d.root.Rename(from, to) }

func (d rootDisk) Remove(name string) error { return d.root.Remove(name) }
