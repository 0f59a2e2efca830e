package spec

func secretCodes() []CodeDoc {
	const after = " onggi shows the line with the secret masked, because its output ends up in logs."
	return []CodeDoc{{
		Code: codeSecretObject, Title: "a Secret in plain text",
		Text: "A Secret's data is base64, which is no encryption. In a repository it is readable by everyone who can read the repository, now and later, in every clone and " +
			"every backup of it. onggi seal encrypts it so that only the cluster can open it. A secret that was committed has to be changed, not only deleted.",
		Wrong: "kind: Secret\nstringData: {password: hunter2}", Right: "kind: SealedSecret\nspec: {encryptedData: {password: AgB1…}}",
	}, {
		Code: codeSecretParameter, Title: "a password in a field",
		Text: "A field holds a password itself, or a connection string that has one. Parameters end up in the custom resource and in postgresql.conf, readable by whoever may " +
			"read either." + after,
		Wrong: "parameters: {primary_conninfo: \"host=db password=hunter2\"}", Right: "externalClusters: [{name: db, connection: {host: db, password: {secret: db, key: password}}}]",
	}, {
		Code: codeSecretURL, Title: "a URL with a password",
		Text:  "A URL has user:password@ in it. It would be part of rendered objects, of logs of every client that prints where it connects to, and of the history of the repository." + after,
		Wrong: "endpoint: https://admin:hunter2@minio.lan", Right: "endpoint: https://minio.lan\ncredentials: {secret: minio}",
	}, {
		Code: codeSecretSQL, Title: "a password in SQL",
		Text:  "SQL that runs at bootstrap is part of the custom resource, and the server writes statements into its log. Roles with passwords belong under roles, which name a Secret." + after,
		Wrong: "sql: [\"CREATE ROLE app PASSWORD 'hunter2'\"]", Right: "roles: [{name: app, login: true, secret: app}]",
	}, {
		Code: codeSecretCloudKey, Title: "a cloud access key",
		Text: "The text has the form of a key of AWS, Azure or GitHub. Programs search public repositories for these within minutes. In credentials, accessKey and secretKey are the " +
			"names of keys in a Secret, not the keys themselves." + after,
		Wrong: "credentials: {accessKey: AKIA…}", Right: "credentials: {secret: aws-secrets, accessKey: ACCESS_KEY_ID}",
	}, {
		Code: codeSecretPEM, Title: "a private key",
		Text: "The text holds a private key in PEM form. Whoever has it can pass for the server or the client that it belongs to, and a certificate cannot be taken back as " +
			"easily as a password can be changed." + after,
		Wrong: "key: |\n  -----BEGIN PRIVATE KEY-----", Right: "tls: {secret: shop-tls}",
	}}
}
