package spec

func syntaxCodes() []CodeDoc {
	return []CodeDoc{{
		Code: codeSyntax, Title: "not valid YAML",
		Text: "The file cannot be read as YAML or JSON from this line on. A parser that guesses would read a different database than the one " +
			"that was meant, so onggi guesses nothing: the document is left out and its other problems are found once it can be read.",
		Wrong: "storage: size: 10Gi", Right: "storage: {size: 10Gi}",
	}, {
		Code: codeTab, Title: "a tab in the indentation",
		Text: "YAML is indented with spaces. A tab is as wide as each editor likes, so what looks aligned to one person is nested " +
			"differently for another; YAML therefore forbids it. Set the editor to insert spaces for .yaml files.",
		Wrong: "spec:\n\tinstances: 3", Right: "spec:\n  instances: 3",
	}, {
		Code: codeIndent, Title: "a line that belongs to no block",
		Text: "The line is indented deeper or less deep than any field it could belong to. Usually one space is missing or too many; " +
			"fields of one mapping begin in the same column, and the dashes of one list do too.",
		Wrong: "storage:\n  size: 10Gi\n   class: ssd", Right: "storage:\n  size: 10Gi\n  class: ssd",
	}, {
		Code: codeUnclosed, Title: "a quote or bracket without its end",
		Text: "A string or a collection was opened and never closed, so everything after it would count as part of it. The position is " +
			"that of the opening character.",
		Wrong: `hba: ["host all all 10.0.0.0/8 md5]`, Right: `hba: ["host all all 10.0.0.0/8 md5"]`,
	}, {
		Code: codeDuplicate, Title: "the same key twice",
		Text: "One mapping has the same key twice. Some readers take the first, some the last, and none says so: the value that was " +
			"edited may be the one that is ignored. It usually comes from pasting, or from a merge that went through without a conflict.",
		Wrong: "instances: 3\ninstances: 1", Right: "instances: 3",
	}, {
		Code: codeMerge, Title: "a merge key",
		Text: "The merge key << was part of a draft for YAML 1.1 and is gone from YAML 1.2. Which of several values wins cannot be seen " +
			"at the place where it counts, and a strict check could not point at it. What clusters share belongs into the Project's defaults; " +
			"what environments have different belongs into their patches.",
		Wrong: "dev: {<<: *small, instances: 1}", Right: "dev: {instances: 1}",
	}, {
		Code: codeAlias, Title: "an alias that cannot be followed",
		Text: "An alias (*name) stands for the value with the anchor (&name) before it. This one names no anchor, stands inside what it names, or " +
			"stands for so much that reading it would take the memory of the machine: ten lines of aliases of aliases can stand for a billion values.",
		Wrong: "a: &a [*a]", Right: "a: [1, 2]",
	}, {
		Code: codeTag, Title: "a tag or a directive",
		Text: "Tags such as !!binary or !include tell a YAML reader which type to make. The fields of a spec have types of their own, and programs that " +
			"read the file later, such as kubectl, do not know private tags. The tags that say what a value is anyway are accepted.",
		Wrong: "version: !version 17", Right: `version: "17"`,
	}, {
		Code: codeKey, Title: "a key that is not a name",
		Text: "The keys of a Kubernetes object are strings. A list or a mapping as a key, an alias as a key, and a value without a key have no form " +
			"in JSON, which is what the API server is sent.",
		Wrong: "? [a, b]\n: c", Right: "ab: c",
	}, {
		Code: codeEncoding, Title: "not UTF-8 text",
		Text: "YAML and JSON files are UTF-8. Other encodings and invisible control characters survive in names, where the next person who types " +
			"the name gets another one: a database that cannot be found, or a role that cannot log in.",
	}, {
		Code: codeDepth, Title: "too many levels",
		Text: "Collections are nested more than a hundred levels deep. No spec is; a file that is was made to break readers.",
	}}
}

func typeCodes() []CodeDoc {
	return []CodeDoc{{
		Code: codeUnknown, Title: "a field that does not exist",
		Text: "Nothing reads this field. Tools that ignore what they do not know turn a slip of the keyboard into a database without backups, " +
			"which is noticed on the day the backup is needed. onggi explain spec lists the fields.",
		Wrong: "instnaces: 3", Right: "instances: 3",
	}, {
		Code: codeMisplaced, Title: "a field in the wrong place",
		Text:  "There is a field of that name, but not here. Where it stands it would be ignored.",
		Wrong: "spec: {retention: 90d}", Right: "spec: {backup: {retention: 90d}}",
	}, {
		Code: codeForeign, Title: "a word of another tool",
		Text: "That is what an operator or Kubernetes calls it. A spec has one word for each thing whichever backend runs it, so that the backend can " +
			"be changed without writing the spec again.",
		Wrong: "replicas: 3", Right: "instances: 3",
	}, {
		Code: codeRequired, Title: "a required field is missing",
		Text: "Without the field the database cannot be made, and no default could be right for everyone: nobody else can know how large it will be. " +
			"A field may come from the Project's defaults or an environment's patch; here it comes from neither, or a null took it away.",
		Wrong: "storage: {class: ssd}", Right: "storage: {class: ssd, size: 10Gi}",
	}, {
		Code: codeType, Title: "another type than the field has",
		Text: "The field takes a mapping, a list, a string, a number or a boolean, and something else is written. Kubernetes would refuse the object, or " +
			"worse, an operator would read the field as empty.",
		Wrong: "preload: pg_cron", Right: "preload: [pg_cron]",
	}, {
		Code: codeQuote, Title: "a number or boolean where a string belongs",
		Text: "Without quotes YAML reads 17 as a number and 1.30 as 1.3. In a field that takes a string that is a guess, and it goes wrong at the first trailing " +
			"zero: version 1.30 becomes 1.3. Parameters are strings too, because Kubernetes stores them as such.",
		Wrong: "parameters: {max_connections: 200}", Right: `parameters: {max_connections: "200"}`,
	}, {
		Code: codeTrap, Title: "a value that YAML 1.1 reads differently",
		Text: "YAML 1.2 reads no, on, 0777, 12:30 and 1_000 one way and YAML 1.1 another: false, true, 511, 750 and 1000. Helm, kubectl and Argo CD read " +
			"YAML 1.1, editors often 1.2. Whichever was meant, one of the programs on the way to the cluster would see the other. Quotes end the matter.",
		Wrong: "parameters: {fsync: on}", Right: `parameters: {fsync: "on"}`,
	}, {
		Code: codeNull, Title: "an empty entry in a list",
		Text:  "A dash without a value is null. A null takes a field of a mapping away; in a list there is nothing it could mean.",
		Wrong: "preload:\n  -\n  - pg_cron", Right: "preload:\n  - pg_cron",
	}, {
		Code: codeOneOf, Title: "fields that exclude each other",
		Text: "Exactly one of these fields says what is to be done. With two of them, which one holds would depend on the backend; with none there is " +
			"nothing to do. In an environment's patch, take the other one away with a null.",
		Wrong: "bootstrap: {initdb: {}, recovery: {from: old}}", Right: "bootstrap: {recovery: {from: old}}",
	}, {
		Code: codeUnique, Title: "two entries with one name",
		Text:  "The entries of this list are told apart by their names. Two with the same name become one object, and which of the two is left is chance.",
		Wrong: "databases: [{name: app}, {name: app}]", Right: "databases: [{name: app}, {name: app2}]",
	}}
}
