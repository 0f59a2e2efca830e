package render

import "github.com/onggi-db/onggi/render/spec"

func planCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2201", Title: "no image is known for this version",
		Text: "Each release of onggi pins one image for every major version that PostgreSQL supports, so that the same spec gives the same database next year. " +
			"For another major it would have to guess a tag, and a tag that does not exist leaves pods that wait for ever for their image.",
		Wrong: `version: "12"`, Right: `version: "17"`,
	}, {
		Code: "ONG2202", Title: "a password for the owner of another database",
		Text: "Only the first database is made together with its owner, so only it takes a Secret. The owners of the others are roles like any other, and their passwords stand with the roles: " +
			"otherwise the Secret would be read by nobody, and the application could not log in.",
		Wrong: "databases: [{name: app}, {name: reports, owner: reporter, secret: reporter}]",
		Right: "databases: [{name: app}, {name: reports, owner: reporter}]\nroles: [{name: reporter, login: true, secret: reporter}]",
	}, {
		Code: "ONG2203", Title: "a version that PostgreSQL does not have",
		Text: "Since version 10 PostgreSQL's versions have two numbers, the major and the minor release: 17.10. A third number would have to be dropped to name an image, " +
			"and then another version than the written one would run.",
		Wrong: `version: "17.1.0"`, Right: `version: "17.10"`,
	}, {
		Code: "ONG2204", Title: "encoding or locale of the first database",
		Text: "The first database is made by initdb when the cluster is born, with initdb's encoding and locale. Neither can be changed afterwards, so a field that is read too late " +
			"would leave a database that sorts and stores text differently from what the file says, for as long as it lives.",
		Wrong: "databases: [{name: app, locale: ko_KR.UTF-8}]", Right: "bootstrap: {initdb: {locale: ko_KR.UTF-8}}",
	}, {
		Code: "ONG2205", Title: "a shutdown without time to end properly",
		Text: "A shutdown first waits for sessions to end by themselves (smartStop) and then ends them, both within stop. When the first part takes all of it the server is killed, " +
			"and every planned restart becomes a crash recovery: minutes of downtime where seconds were meant. smartStop has a default of 3m; a shorter stop needs a shorter smartStop.",
		Wrong: "timeouts: {stop: 2m}", Right: "timeouts: {stop: 2m, smartStop: 30s}",
	}, {
		Code: "ONG2206", Title: "an external cluster that cannot be reached",
		Text:  "An entry of externalClusters is a server to connect to, an archive to read, or both. With neither, a recovery or a standby that refers to it would wait for ever.",
		Wrong: "externalClusters: [{name: old}]", Right: "externalClusters: [{name: old, connection: {host: old.example.com}}]",
	}}
}

func startCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2215", Title: "snapshot settings of another method",
		Text: "backup.snapshot has the settings of volume snapshots, and the method is another one. Nothing would read them: whoever wrote the class believes that snapshots are taken, " +
			"and none are.",
		Wrong: "backup: {destination: s3://backups/shop, snapshot: {class: ceph}}", Right: "backup: {method: snapshot, snapshot: {class: ceph}}",
	}, {
		Code: "ONG2216", Title: "an import that does not say what to copy",
		Text: "microservice copies exactly one database, without roles, into the first database here. monolith copies many with their roles, and \"*\" stands for all of them, so it stands alone. " +
			"An import runs once, when the cluster is born: what it left out has to be copied by hand, or the cluster made anew.",
		Wrong: "bootstrap: {initdb: {import: {from: old, type: microservice, databases: [a, b]}}}",
		Right: "bootstrap: {initdb: {import: {from: old, type: monolith, databases: [a, b], roles: [\"*\"]}}}",
	}, {
		Code: "ONG2217", Title: "a locale of another provider",
		Text:  "icuLocale goes with localeProvider: icu and builtinLocale with builtin. initdb refuses them with another provider, so the first pod would fail and be restarted for ever.",
		Wrong: "bootstrap: {initdb: {icuLocale: ko-KR}}", Right: "bootstrap: {initdb: {localeProvider: icu, icuLocale: ko-KR}}",
	}, {
		Code: "ONG2218", Title: "two words for who is the primary site",
		Text: "replica.primary names the site that is the primary now, replica.enabled says whether this one follows. Both together can contradict each other, and a contradiction about who may write " +
			"is how two primaries come about. Use primary for planned moves between sites and enabled for a single promotion.",
		Wrong: "replica: {from: west, primary: west, enabled: false}", Right: "replica: {from: west, self: east, primary: east}",
	}, {
		Code: "ONG2219", Title: "a tablespace that does not exist",
		Text:  "A database is to be put into a tablespace that the spec does not list. CREATE DATABASE would fail, again at every attempt of the operator, and the application would find no database.",
		Wrong: "databases: [{name: app}, {name: old, tablespace: archive}]",
		Right: "tablespaces: [{name: archive, size: 100Gi}]\ndatabases: [{name: app}, {name: old, tablespace: archive}]",
	}, {
		Code: "ONG2220", Title: "an image and a catalog of images",
		Text:  "image is one reference, imageCatalog takes the reference from an object in the cluster. The operator refuses the two together. In an environment's patch, take the other one away with a null.",
		Wrong: "image: registry.example.com/postgresql:17.10\nimageCatalog: {name: postgresql}", Right: "imageCatalog: {name: postgresql}",
	}, {
		Code: "ONG2221", Title: "metadata that Argo CD tracks objects by",
		Text: "labels and annotations of the spec are put on every pod and inherited by volumes, Secrets and backups that the operator makes. Argo CD knows its own objects by app.kubernetes.io/instance and by " +
			"annotations of argocd.argoproj.io: with one of these on it, a volume that is in no file looks like one to prune.",
		Wrong: "labels: {app.kubernetes.io/instance: databases}", Right: "labels: {app.kubernetes.io/part-of: databases}",
	}, {
		Code: "ONG2222", Title: "one Secret for two",
		Text: "A Secret has one type, and a login has one username, which must be the role's own: the operator refuses a password whose username is another's. So one Secret cannot be the login of two roles, nor a login and a " +
			"certificate at once. It can well be read twice for the same thing, or hold keys of several kinds when its type is Opaque.",
		Wrong: "superuser: {secret: logins}\ndatabases: [{name: app, secret: logins}]\nsecrets: {provider: sealed-secrets}",
		Right: "superuser: {secret: superuser}\ndatabases: [{name: app, secret: app}]\nsecrets: {provider: sealed-secrets}",
	}, {
		Code: "ONG2223", Title: "ExternalSecrets without a store",
		Text: "With provider: external-secrets onggi writes an ExternalSecret for every Secret that the database reads, and each names the store to read from. The store is an object of the platform, a SecretStore in the " +
			"database's namespace or a ClusterSecretStore, and onggi does not guess its name.",
		Wrong: "superuser: {secret: superuser}\nsecrets: {provider: external-secrets}",
		Right: "superuser: {secret: superuser}\nsecrets: {provider: external-secrets, store: {name: vault}}",
	}}
}

func accessCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2207", Title: "certificates from two places",
		Text:  "Either cert-manager makes the certificates, or Secrets of yours hold them. With both, one of them would not be used, and clients that trust its authority could not connect any more.",
		Wrong: "tls: {secret: shop-tls, certManager: {issuer: ca}}", Right: "tls: {certManager: {issuer: ca}}",
	}, {
		Code: "ONG2208", Title: "names for a certificate that is brought",
		Text: "dnsNames are the names that a certificate is asked for with. A certificate in a Secret has been signed already, so nothing could add them: clients that connect by such a name " +
			"and verify it would be refused.",
		Wrong: "tls: {secret: shop-tls, caSecret: shop-ca, dnsNames: [db.example.com]}", Right: "tls: {certManager: {issuer: ca}, dnsNames: [db.example.com]}",
	}, {
		Code: "ONG2209", Title: "a certificate that is renewed before it is made",
		Text: "renewBefore is how long before its end a certificate is renewed, so it is shorter than the certificate's duration. cert-manager refuses such a certificate, and the database does not start without it. " +
			"The default is 30d: a duration of 30 days or less needs a renewBefore of its own.",
		Wrong: "tls: {certManager: {issuer: ca, duration: 24h}}", Right: "tls: {certManager: {issuer: ca, duration: 24h, renewBefore: 8h}}",
	}, {
		Code: "ONG2210", Title: "a peer that is pods and a network at once",
		Text: "A rule of a NetworkPolicy takes pods by their labels or addresses by a network; Kubernetes has no peer that is both. One of the two would be left out, and either somebody is let in who should not be " +
			"or somebody is locked out who should not be.",
		Wrong: "network: {allow: [{namespace: shop, cidr: 10.0.0.0/8}]}", Right: "network: {allow: [{namespace: shop}, {cidr: 10.0.0.0/8}]}",
	}, {
		Code: "ONG2211", Title: "a field that this type of Service does not have",
		Text: "Addresses, pools, classes and source ranges belong to load balancers, node ports and traffic policies to Services that are reached from outside. The API server refuses some of them, and annotations of " +
			"load balancers on another type are read by nobody. Source ranges on a NodePort in particular would promise a protection that is not there.",
		Wrong: "expose: [{name: nodes, type: NodePort, sourceRanges: [10.0.0.0/8]}]", Right: "expose: [{name: lb, type: LoadBalancer, sourceRanges: [10.0.0.0/8]}]",
	}, {
		Code: "ONG2212", Title: "a wish that the load balancer has no word for",
		Text: "ip, pool and shareKey become annotations of the load balancer that provider names, and not every one has an annotation for each: pools are MetalLB's, shared addresses MetalLB's and Cilium's. " +
			"Without one the wish would be lost, and the database would get another address than the one that clients were told.",
		Wrong: "expose: [{name: lb, provider: kube-vip, pool: lan}]", Right: "expose: [{name: lb, provider: metallb, pool: lan}]",
	}, {
		Code: "ONG2213", Title: "a toleration that Kubernetes refuses",
		Text: "A toleration without a key tolerates every taint and needs operator: Exists; Exists takes no value; seconds go with effect: NoExecute only. The API server refuses the pod otherwise, " +
			"after the operator has accepted the cluster: the cluster would exist and have no pods.",
		Wrong: "placement: {tolerations: [{key: database, operator: Exists, value: \"true\"}]}", Right: "placement: {tolerations: [{key: database, operator: Exists}]}",
	}, {
		Code: "ONG2214", Title: "a name that becomes too long",
		Text: "The object is called after the cluster and the entry together. Services have names of at most 63 characters, CronJobs of at most 52, and the name of a schedule becomes a label of every backup it takes, " +
			"which has at most 63 as well: with a longer one the schedule would exist and every one of its backups would be refused.",
		Wrong: "metadata: {name: a-name-of-almost-fifty-characters-that-says-it-all}\nspec: {expose: [{name: load-balancer-of-the-office}]}",
		Right: "metadata: {name: shop}\nspec: {expose: [{name: office}]}",
	}}
}
