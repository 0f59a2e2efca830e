package plugin

import "github.com/onggi-db/onggi/render/spec"

// The codes of the plugin. ONG31 is what an Application asks for and what comes out.
const (
	codeUnknown       = "ONG3101"
	codeMalformed     = "ONG3102"
	codeNoEnvironment = "ONG3103"
	codeNothing       = "ONG3104"
	codeTwice         = "ONG3105"
	codeTooLarge      = "ONG3106"
	codeDeadline      = "ONG3107"
	codeNoDatabase    = "ONG3108"
	codeKubernetes    = "ONG4101"
)

// Codes explains the codes of this package.
func Codes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: codeUnknown, Title: "a parameter that the plugin does not have",
		Text: "An Application gives the plugin a parameter that it does not know. Argo CD passes on whatever stands there; if the plugin ignored it, the Application would be green and " +
			"not what it says.",
		Wrong: "parameters: [{name: environment, string: prod}]", Right: "parameters: [{name: env, string: prod}]",
	}, {
		Code: codeMalformed, Title: "a parameter of another kind",
		Text: "A parameter of an Application has a name and one of string, array and map. The example in Argo CD's own documentation writes an array under value, which is dropped on the way, " +
			"and the parameter would be empty.",
		Wrong: "{name: file, value: [shop.yaml]}", Right: "{name: file, array: [shop.yaml]}",
	}, {
		Code: codeNoEnvironment, Title: "an Application that names no environment",
		Text: "The specs have several environments. Where there is one the plugin takes it; among several any choice might be the wrong one, and Argo CD would sync production's size " +
			"to the development cluster or the other way round.",
		Wrong: "plugin: {name: onggi}", Right: "plugin: {name: onggi, parameters: [{name: env, string: prod}]}",
	}, {
		Code: codeNothing, Title: "an application without objects",
		Text: "Nothing was rendered: the path has no spec, or the parameters leave none. Argo CD does not take empty output of a plugin for an error; with pruning it would delete " +
			"everything that the Application has made. So it is one here.",
	}, {
		Code: codeTwice, Title: "one object of two databases",
		Text: "Two databases of one Application make an object of the same group, kind, namespace and name. Argo CD would apply one of the two and warn, and which one may change with " +
			"every sync. An object without a namespace counts as one of the Application's destination.",
	}, {
		Code: codeTooLarge, Title: "more than fits into a message of Argo CD",
		Text: "Argo CD takes at most 100 MiB from a plugin, or what ARGOCD_GRPC_MAX_SIZE_MB says, and drops all of it when it is more, with an error that names neither the application " +
			"nor a way out. An Application for each database, as onggi render --format argocd writes them, is far below.",
	}, {
		Code: codeDeadline, Title: "rendering took too long",
		Text: "Argo CD kills a plugin after 60 seconds, at once and without what it had to say. The plugin stops by itself before, after 45 seconds or what --timeout says. Rendering takes " +
			"milliseconds for each database: the machine is starved of CPU, or one Application has thousands of them.",
	}, {
		Code: codeNoDatabase, Title: "a database that is not there",
		Text:  "The parameter database names none of those in the specs that were read. It may have been renamed in the spec, or stand in a file that the parameter file leaves out.",
		Wrong: "parameters: [{name: database, string: shpo}]", Right: "parameters: [{name: database, string: shop}]",
	}, {
		Code: codeKubernetes, Title: "a Kubernetes that is too old",
		Text: "The API server of the Application's destination is older than 1.29, the first that has everything that is rendered: init containers that stay, and validation by CEL. Fields that " +
			"an API server does not know are dropped without an error, and the database would run without them.",
	}}
}
