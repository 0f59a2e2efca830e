package spec

func projectCodes() []CodeDoc {
	return []CodeDoc{{
		Code: codeUnknownEnv, Title: "an environment that nobody has",
		Text: "The environment is neither in the cluster's environments nor in the Project's. Rendering the spec without a patch in its place would put the base, " +
			"which may be the largest or the smallest of all, where something else was meant.",
		Wrong: "onggi render shop.yaml --env prdo", Right: "onggi render shop.yaml --env prod",
	}, {
		Code: codeSameCluster, Title: "two clusters with one name",
		Text: "Two documents describe a cluster of the same name in the same namespace. Both would be rendered to the same objects, and the one applied last would win: " +
			"a database would be reconfigured as another one.",
	}, {
		Code: codeSecondProject, Title: "two Projects in one folder",
		Text: "A Project holds for the specs in its folder and below; the nearest one counts. With two in one folder it would depend on the order of files which of them holds.",
	}, {
		Code: codeUnknownKind, Title: "a document of no known kind",
		Text: "Every document says what it is by apiVersion and kind. Those of onggi.dev are DatabaseCluster and Project; manifests of other groups are taken in as they are. " +
			"A document without the two would be dropped by every tool after this one.",
		Wrong: "metadata: {name: shop}", Right: "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop}",
	}, {
		Code: codeNotAManifest, Title: "a document that is not an object",
		Text: "A document is a mapping with apiVersion and kind. A list or a text is something else: perhaps the file is no spec, or the first line lost its dashes.",
	}, {
		Code: codeSetting, Title: "a setting that is no field with a value",
		Text: "Fields can be set from outside, by the parameter set of the Argo CD plugin: the path of a field, and its value as YAML. A path goes through fields by their names; an entry of a list has " +
			"no name that stays the same, so lists are set as a whole. Of two settings that lie in each other one would be lost, and which one is nowhere written.",
		Wrong: "set: {\"expose[0].ip\": 192.168.0.7}", Right: "set: {expose: \"[{name: lb, ip: 192.168.0.7}]\"}",
	}, {
		Code: codeEmpty, Title: "nothing to read",
		Text: "The files hold no document: they are empty, or have comments only. Writing the output of nothing would delete what was rendered before, so it is an error. " +
			"onggi init writes a spec to start from.",
	}}
}
