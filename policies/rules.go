package policies

import "slices"

// rule is a policy written in Go: about several objects, or about what only the caller knows.
type rule struct {
	Policy
	check func(*world) []Finding
}

// crossRules are the rules in Go, by topic: references (00-09), backups (10-29), availability (30-39), access (40-49),
// images (50-59), fields on their way out (60-69), storage (70-79). The numbers between them are the files in vap/.
func crossRules() []rule {
	return slices.Concat(referenceRules(), restoreRules(), operationRules())
}

// referenceRules are those about what names what.
func referenceRules() []rule {
	return []rule{
		{Policy{
			ID: "ONG7001", Level: Error, Title: "A Secret that nobody makes",
			Why: "The pod that reads it waits in CreateContainerConfigError; a backup that reads it fails at night, and nobody looks. Secret, SealedSecret, ExternalSecret, Certificate and the database operator make Secrets.",
			Fix: "Correct the name, add the sealed Secret, or declare it as existing.",
		}, missingSecrets},
		{Policy{
			ID: "ONG7002", Level: Error, Title: "A key that the Secret does not have",
			Why: "A Secret with the right name and another key fails as if it were not there, only later.",
			Fix: "Correct the key, or seal the Secret with it.",
		}, missingSecretKeys},
		{Policy{
			ID: "ONG7003", Level: Error, Title: "A reference to nothing",
			Why: "A ConfigMap, ObjectStore, ImageCatalog, Cluster or external cluster is named that no manifest makes. The operator waits for it without an end.",
			Fix: "Correct the name, or add what it names to the manifests.",
		}, missingObjects},
		{Policy{
			ID: "ONG7004", Level: Warning, Title: "A selector that matches nothing",
			Why: "A Service without endpoints, a NetworkPolicy that protects nobody, a PodMonitor that scrapes nothing: all of them are valid, and silent.",
			Fix: "Select the labels that the pods of the manifests carry.",
		}, emptySelectors},
		{Policy{
			ID: "ONG7005", Level: Error, Title: "A Secret in plain text",
			Why: "base64 is not encryption. What was in Git once has to be changed, because history keeps it.",
			Fix: "Seal it (onggi seal), fetch it with an ExternalSecret, or declare it as existing.",
		}, plainSecrets},
		{Policy{
			ID: "ONG7006", Level: Error, Title: "The same object twice",
			Why: "Both are applied, the later one wins, and which one that is depends on the tool.",
			Fix: "Delete one of them, or give it a name or namespace of its own.",
		}, duplicates},
		{Policy{
			ID: "ONG7007", Level: Warning, Title: "Credentials in a Secret of another type",
			Why: "CloudNativePG documents kubernetes.io/basic-auth for user names and passwords: the API server then checks that both are there, and tools know what it is.",
			Fix: "Set type: kubernetes.io/basic-auth (for a SealedSecret: spec.template.type).",
		}, loginSecretTypes},
	}
}

// restoreRules are those about restores, tried or real, and about what they are made from.
func restoreRules() []rule {
	return []rule{
		{Policy{
			ID: "ONG7026", Level: Error, Title: "A drill that cannot work",
			Why: "A drill that fails every week is an alert that everybody knows, and a backup that nobody does. One whose cluster archives destroys what it was to prove.",
			Fix: "Let onggi render the drill, or correct its file.",
		}, badDrills},
		{Policy{
			ID: "ONG7027", Level: Error, Title: "A scratch cluster of a name that is taken",
			Why: "A drill takes a cluster of that name for its own leftovers, or refuses to run beside it. Two drills of one database would remove each other's.",
			Fix: "Rename the database, or drop one of the drills.",
		}, sharedScratch},
		{Policy{
			ID: "ONG7029", Level: Error, Title: "A restore left in Git",
			Why: "The operator reads bootstrap only when it makes a cluster. This one is up: the restore does nothing now, and on the day that the cluster is made again it brings back a state of long ago, without what was written since.",
			Fix: "Run onggi restore --finish on the spec's file, and commit it.",
		}, finishedRestores},
		{Policy{
			ID: "ONG7033", Level: Error, Title: "A claim for all pods that only one can mount",
			Why: "Every pod of the set mounts this claim, as one with a repository of backups is. Unless it is ReadWriteMany, the second pod waits for ever for its volume on another node, and after a failover nothing is archived.",
			Fix: "Make the claim ReadWriteMany, with a storage class that has it (NFS, CephFS), or archive to an object store.",
		}, sharedClaims},
	}
}

// operationRules are those about backups, availability, access and fields on their way out.
func operationRules() []rule {
	return []rule{
		{Policy{
			ID: "ONG7010", Level: Error, Title: "A restore from the path that is archived to",
			Why: "The restored cluster writes its own WAL over the backup that it came from. CloudNativePG refuses (\"Expected empty archive\") unless that check is off; then the backup is lost.",
			Fix: "Archive under another serverName, and restore from the old one.",
		}, recoveryFromOwnArchive},
		{Policy{
			ID: "ONG7011", Level: Error, Title: "Two clusters archive to one path",
			Why: "Their WAL files have the same names: each overwrites the other's, and neither can be restored.",
			Fix: "Give each cluster a serverName or a path of its own.",
		}, sharedArchives},
		{Policy{
			ID: "ONG7012", Level: Warning, Title: "A restore from where nothing is written",
			Why: "The server that is restored is archived by the manifests, but to another path: the restore finds nothing, or finds what was left there long ago.",
			Fix: "Restore from the path that the backups go to.",
		}, strayRecovery},
		{Policy{
			ID: "ONG7016", Level: Error, Title: "A backup method that the cluster is not set up for",
			Why: "Without a method a backup is in-tree, whatever the cluster uses. It fails at its hour, every day.",
			Fix: "Set method: plugin and pluginConfiguration.name, or the method that the cluster has.",
		}, backupMethods},
		{Policy{
			ID: "ONG7021", Level: Warning, Title: "Backups are kept for ever",
			Why: "Without a retention policy nothing is ever deleted from the object store. Its bill grows, and a restore has more and more to look through.",
			Fix: "Set retentionPolicy, e.g. 30d.",
		}, noRetention},
		{Policy{
			ID: "ONG7022", Level: Info, Title: "A database without a backup",
			Why: "Replicas copy mistakes as well as data.",
			Fix: "Add a backup, or waive this with the reason why the data may be lost.",
		}, noBackup},
		{Policy{
			ID: "ONG7023", Level: Warning, Title: "WAL without a base backup",
			Why: "WAL is replayed on a base backup; alone it restores nothing. Nor is it ever deleted: retention runs when a base backup is finished.",
			Fix: "Add a ScheduledBackup.",
		}, archiveWithoutBase},
		{Policy{
			ID: "ONG7035", Level: Error, Title: "Kubernetes is too old for a field",
			Why: "Extension images are mounted as image volumes, which Kubernetes has since 1.33 (behind the gate ImageVolume until 1.35). The pods are not created.",
			Fix: "Update Kubernetes, or use an image that holds the extension.",
		}, kubernetesTooOld},
		{Policy{
			ID: "ONG7040", Level: Warning, Title: "The superuser can log in from outside",
			Why: "One password stands between anybody who reaches the port and everything there is, the file system of the pod included.",
			Fix: "Set enableSuperuserAccess: false, or list the networks of the clients in loadBalancerSourceRanges.",
		}, superuserOutside},
		{Policy{
			ID: "ONG7043", Level: Warning, Title: "Any address may try to log in from outside",
			Why: "Passwords are guessed by the million from machines that scan the internet for open ports.",
			Fix: "Name the networks of the clients in pg_hba and in loadBalancerSourceRanges.",
		}, anyAddressOutside},
		{Policy{
			ID: "ONG7063", Level: Warning, Title: "Backup by the in-tree Barman Cloud",
			Why: "CloudNativePG moved backups to object stores into a plugin: in-tree is deprecated since 1.26 and gone from 1.31, where the fields are refused. An error when the operator's version is one that has dropped it.",
			Fix: "Use an ObjectStore and the barman-cloud plugin, with the same destinationPath and serverName.",
		}, inTreeBarman},
	}
}
