package render

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/spec"
)

// Codes is the catalogue of every problem that reading and compiling a spec can find, sorted by code: those of package spec and
// those of the stages after it. ONG21 is what CloudNativePG would refuse, ONG22 what contradicts itself for every back end,
// ONG23 what onggi's own agent would refuse, ONG30 overrides and components, ONG40 what the chosen back end lacks. The codes of policies are ONG7 and stand with them.
func Codes() []spec.CodeDoc {
	all := slices.Concat(spec.Codes(), plugin.Codes(), compileCodes(), backendCodes(), planCodes(), startCodes(), accessCodes(),
		nameCodes(), serverCodes(), imageCodes(), replicationCodes(), backupCodes(), bootstrapCodes(), drillCodes(), dumpCodes(), restoreCodes(), nativeCodes(), nativeBackupCodes(), nativeDumpCodes(), nativeRecoveryCodes(), outsideCodes(), nativeStartCodes())
	slices.SortFunc(all, func(a, b spec.CodeDoc) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// Explain looks a code of [Codes] up; upper and lower case count as the same.
func Explain(code string) (spec.CodeDoc, bool) {
	for _, c := range Codes() {
		if strings.EqualFold(c.Code, code) {
			return c, true
		}
	}
	return spec.CodeDoc{}, false
}

func compileCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG3010", Title: "an override that changes what it patches",
		Text: "An override found its object by kind and name, and its patch changes the apiVersion, the kind, the name or the namespace. The object would become another one: " +
			"the one in the cluster would be left behind or pruned, which for a Cluster takes its volumes along, and others that refer to it would refer to nothing.",
		Wrong: "expose: [{name: lb}]\noverrides: [{kind: Service, name: shop-lb, patch: {metadata: {name: shop-external}}}]",
		Right: "expose: [{name: external}]",
	}, {
		Code: "ONG3011", Title: "an override that hits nothing",
		Text: "No rendered object has the kind and name of the override. That is a slip, or an object that this environment does not have, or one that was renamed by an upgrade. " +
			"If it were ignored, the setting that somebody needed would be gone without a word. An override for one environment only belongs into that environment's patch.",
		Wrong: "overrides: [{kind: Cluster, name: shpo, patch: {spec: {logLevel: debug}}}]",
		Right: "overrides: [{kind: Cluster, name: shop, patch: {spec: {logLevel: debug}}}]",
	}, {
		Code: "ONG3012", Title: "one object made twice",
		Text: "Two objects have the same group, kind, namespace and name: two parts of the spec make it, or a manifest beside the spec has the name of an object that is rendered. " +
			"The API server would keep whichever is applied last, and Argo CD would report both as out of sync in turn.",
		Wrong: "expose: [{name: rw2}]   # beside a manifest of a Service shop-rw2",
		Right: "expose: [{name: lb}]",
	}, {
		Code: "ONG3013", Title: "two databases for one folder",
		Text: "Each database is written to a folder of its own name, and two of the input have the same one, in different namespaces. One would overwrite the other, and a tool " +
			"that applies the folder would delete what the first one was.",
		Wrong: "metadata: {name: shop, namespace: a}\n---\nmetadata: {name: shop, namespace: b}",
		Right: "metadata: {name: shop-a, namespace: a}\n---\nmetadata: {name: shop-b, namespace: b}",
	}, {
		Code: "ONG3020", Title: "a component that cannot be applied",
		Text: "The Project lists a Kustomize Component that does not exist, or one whose patch does not fit the rendered objects. Components change every environment; leaving one " +
			"out would render databases without what all of them are meant to have, such as the pod security of the cluster. onggi components lists those that are shipped. " +
			"One that patches nothing of any database of the Project, in any environment, was meant to do something; one database with a use for it is enough. That is looked " +
			"for where all of the Project is read, in its folder or one above, once nothing else is wrong there.",
		Wrong: "components: [k3d]", Right: "components: [k3s]",
	}}
}

func backendCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG4001", Title: "a back end that this release does not compile for",
		Text: "The spec names a back end that onggi knows and has no builder for yet. The capability table shows what it will be able to do; the spec itself is checked as far as it can be. " +
			"Rendering it for another back end instead would make another database.",
		Wrong: "backend: crunchy", Right: "backend: cloudnative-pg",
	}, {
		Code: "ONG4002", Title: "an operator that is too old",
		Text: "The operatorVersion is older than the oldest release whose custom resources onggi writes. An API server drops the fields that a resource definition does not have, " +
			"without an error unless it is asked for one, and the database would run without them. operatorVersion must be the release that runs in the cluster, not a wish.",
		Wrong: `operatorVersion: "1.20"`, Right: `operatorVersion: "1.30"`,
	}, {
		Code: "ONG4003", Title: "a feature that came with a later release of the operator",
		Text: "The back end can do it, and the operatorVersion of the spec cannot yet. The field would be dropped by the API server, or refused after other objects have been applied. " +
			"Upgrade the operator first, then set operatorVersion.",
		Wrong: "operatorVersion: \"1.25\"\nreplication: {mode: quorum, failoverQuorum: true}",
		Right: "operatorVersion: \"1.28\"\nreplication: {mode: quorum, failoverQuorum: true}",
	}, {
		Code: "ONG4004", Title: "a feature that the operator no longer has",
		Text: "The operator removed it in the release that the message names. A cluster that still asked for it would keep running after the upgrade and silently stop doing it: " +
			"for in-tree backups, WAL would pile up until the volume is full. Move to what replaced it before the operator is upgraded.",
		Wrong: "operatorVersion: \"1.31\"\nbackup: {method: in-tree}",
		Right: "operatorVersion: \"1.31\"\nbackup: {method: plugin}",
	}, {
		Code: "ONG4005", Title: "a feature that the back end does not have",
		Text: "Nothing in the operator does what the field asks for. onggi never leaves out what a spec asks for, as that would be found out on the day it is needed. " +
			"The message names the back ends that can do it; onggi capabilities has the whole table.",
		Wrong: "backend: cloudnative-pg\nbackup: {destination: pvc://backups/shop}",
		Right: "backend: cloudnative-pg\nbackup: {destination: s3://backups/shop}",
	}}
}
