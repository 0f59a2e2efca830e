// Package tree holds files in memory and makes a folder equal to them.
//
// An emitter fills a [Tree]; [Sync] writes it:
//
//	var t tree.Tree
//	if err := t.Add("base/cluster.yaml", data); err != nil { … }
//	res, err := tree.Sync("out", t, tree.Options{})
//
// What Sync promises about the folder:
//
//   - It touches only what it wrote. The folder's ledger, .onggi-files, lists each file with its SHA-256. A file that is in
//     the way and is not in the ledger is foreign: nothing is written and every such file is named at once.
//   - It keeps people's edits. A listed file whose bytes are not the listed ones was edited since, and is treated the same,
//     unless [Options].Force gives the edit up. Force never reaches a foreign file.
//   - A file that is right already is not touched: its modification time stays, and so do watchers.
//   - A file that is no longer in the tree is removed, and so are the folders this leaves empty.
//   - Symbolic links below the folder are never followed, neither to write nor to remove.
//   - A reader sees a file as it was or as it will be, never half of it. Everything is staged first, in .onggi-staging, and
//     then renamed into place: a full disk leaves the folder exactly as it was.
//   - After a kill at any moment the next run finishes the work, whatever tree it brings.
//   - Two runs on one folder do not mix: the second gets [ErrBusy]. The lock is on the folder itself and leaves no file.
//
// # The ledger
//
// .onggi-files belongs in version control, beside the files. It has the form that sha256sum writes and checks, sorted by
// path, and no extension that kubectl or Argo CD would take for a manifest:
//
//	# onggi files v1: …
//	<64 hexadecimal digits>  base/cluster.yaml
//
// While a run renames files, lines that begin with + say what the files are about to become. Before that, the staged files
// are nobody's; after it, both the old and the new bytes are ours. That is what makes a kill harmless.
//
// # Fleets
//
// A [Fleet] writes many folders below one root, one at a time or several at once, and removes those that no longer have a
// cluster. Each folder has its own ledger, so memory holds the trees being written and the names of the folders.
//
// Whoever wants all or nothing looks first:
//
//	for each folder: _, right, err := fleet.Look(name, t)   // writes nothing
//	err := fleet.Ready()                                    // everything that is in the way, in any folder
//	for each that is not right: _, err := fleet.Sync(name, t)
//	_, err = fleet.Commit()
//
// A folder that does not exist is made in .onggi-new, below the root, and renamed into place whole: a reader sees no folder or
// all of it, and so does whoever comes after a kill. Nothing is made only to be removed, which is what costs most on ext4.
//
// This is the one package below render that reads or writes files.
package tree
