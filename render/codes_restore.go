package render

import "github.com/onggi-db/onggi/render/spec"

func restoreCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG3030", Title: "nothing to restore from",
		Text: "onggi restore starts a new database from the archive that the spec names, in the environment that was asked for. Without a backup there is none. Volume snapshots are known to the cluster alone, " +
			"so one of its Backup objects has to be named.",
		Wrong: "onggi restore shop.yaml --env dev   # whose environment has backup: null", Right: "onggi restore shop.yaml --env prod",
	}, {
		Code: "ONG3031", Title: "a name that a restored database cannot have",
		Text: "A restored database runs beside the original until it is known to be good, so that nothing is lost by trying. With the original's name it would take its place, and archive over the backups that it was made from; " +
			"CloudNativePG refuses such an archive. The name is a DNS label of at most 50 characters.",
		Wrong: "onggi restore shop.yaml --as shop", Right: "onggi restore shop.yaml --as shop-restored",
	}}
}
