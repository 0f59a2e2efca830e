package spec_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

// secrets are literals and the code that refuses each; each stands in a spec with 12345 for the secret part.
var secrets = []struct{ code, spec string }{
	{"ONG5002", "parameters: {primary_conninfo: host=db password=s12345}"},
	{"ONG5002", "parameters: {primary_conninfo: \"host=db password='s12345'\"}"},
	{"ONG5002", "hba: [hostssl all all samenet ldap ldapbindpasswd=s12345]"},
	{"ONG5002", "overrides: [{kind: Secret, name: x, patch: {stringData: {password: s12345}}}]"},
	{"ONG5002", "overrides: [{kind: Secret, name: x, patch: {stringData: {PGPASSWORD: s12345}}}]"},
	{"ONG5002", "overrides: [{kind: Pooler, name: x, patch: {env: [{name: API_TOKEN, value: s12345}]}}]"},
	{"ONG5002", "overrides: [{kind: Pooler, name: x, patch: {adminPassword: 12345}}]"},
	{"ONG5003", "parameters: {primary_conninfo: \"postgres://app:s12345@db/app\"}"},
	{"ONG5003", "backup: {destination: s3://shop, endpoint: \"https://a:s12345@minio.lan\"}"},
	{"ONG5003", "annotations: {from: \"see mysql://root:s12345@db/app for more\"}"},
	{"ONG5004", "bootstrap: {initdb: {sql: [\"ALTER ROLE app PASSWORD 's12345'\"]}}"},
	{"ONG5004", "bootstrap: {initdb: {sql: [\"create user app identified by 's12345'\"]}}"},
	{"ONG5004", "bootstrap: {initdb: {sql: [\"ALTER ROLE app PASSWORD $x$s12345$x$\"]}}"},
	{"ONG5005", "backup: {destination: s3://shop, credentials: {accessKey: AKIAAAAAAAAAAAA12345}}"},
	{"ONG5005", "backup: {destination: s3://shop, credentials: {secretKey: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa12345}}"},
	{"ONG5005", "annotations: {x: \"DefaultEndpointsProtocol=https;AccountKey=aaaaaaaaaaaaaaaaaaaaaa12345==\"}"},
	{"ONG5005", "annotations: {x: ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa12345}"},
	{"ONG5002", "parameters: {archive_command: PGPASSWORD=s12345 pg_dump}"},
	{"ONG5002", "parameters: {primary_conninfo: host=db sslpassword=s12345}"},
	{"ONG5002", "parameters: {primary_conninfo: \"postgres://db/app?user=a&password=s12345&x=y\"}"},
	{"ONG5002", "parameters: {archive_command: \"curl -u backup:s12345 -T %p ftp.lan\"}"},
	{"ONG5002", "parameters: {archive_command: \"put -u a:s12345\"}"},
	{"ONG5002", "parameters: {archive_command: \"push --password s12345 %p\"}"},
	{"ONG5002", "parameters: {archive_command: \"curl -H 'Authorization: Bearer s12345678' -T %p store.lan\"}"},
	{"ONG5002", "annotations: {example.com/admin-password: s12345}"},
	{"ONG5002", "overrides: [{kind: Pooler, name: x, patch: {env: [{value: s12345, name: PGPASSWORD, x: y}]}}]"},
	{"ONG5002", "overrides: [{kind: Pooler, name: x, patch: {args: [--db-password, s12345]}}]"},
	{"ONG5002", "overrides: [{kind: Secret, name: x, patch: {stringData: {ACCESS_KEY: s12345}}}]"},
	{"ONG5002", "overrides: [{kind: Secret, name: x, patch: {data: {tls.key: czEyMzQ1s12345}}}]"},
	{"ONG5002", "overrides: [{kind: X, name: x, patch: {extra: [{apiVersion: v1, kind: Secret, stringData: {a: s12345}}]}}]"},
	{"ONG5002", "overrides: [{kind: ConfigMap, name: x, patch: {data: {app.yaml: \"db:\\n  user: a\\n  password: s12345\\n\"}}}]"},
	{"ONG5001", "overrides: [{kind: ConfigMap, name: x, patch: {data: {a.yaml: \"kind: Secret\\nstringData:\\n  a: s12345\\n\"}}}]"},
	{"ONG5001", "annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"kind\":\"Secret\",\"data\":{\"a\":\"s12345\"}}'}"},
	{"ONG5004", "bootstrap: {initdb: {sql: [\"CREATE USER app IDENTIFIED WITH caching_sha2_password BY 's12345'\"]}}"},
	{"ONG5004", "bootstrap: {initdb: {sql: [\"SET PASSWORD FOR 'app'@'%' = 's12345'\"]}}"},
	{"ONG5004", "bootstrap: {initdb: {sql: [\"CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'a', password 's12345')\"]}}"},
	{"ONG5005", "annotations: {x: glpat-aaaaaaaaaaaaaaa12345}"},
	{"ONG5005", "annotations: {x: \"https://a.blob.lan/c?sv=1&sig=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa12345\"}"},
	{"ONG5006", "overrides: [{kind: ConfigMap, name: x, patch: {data: {key: \"-----BEGIN RSA PRIVATE KEY-----\\n12345\"}}}]"},
}

// TestSecretsAreRefused holds that each is refused with its code, wherever it stands, and that nothing that is printed has
// the secret in it.
func TestSecretsAreRefused(t *testing.T) {
	base := strings.ReplaceAll(strings.Replace(small, "}}\n", "}, LITERAL}\n", 1), "NAME", "a")
	for _, c := range secrets {
		for _, src := range []string{
			strings.Replace(base, "LITERAL", c.spec, 1),
			strings.Replace(base, ", LITERAL", "", 1) + "environments: {dev: {" + c.spec + "}}\n",
			"apiVersion: onggi.dev/v1alpha1\nkind: Project\ndefaults: {" + c.spec + "}\n",
		} {
			sources := []spec.Source{source("a.yaml", src)}
			_, problems := spec.Load(sources)
			require.NotEmpty(t, problems, src)
			require.Equal(t, c.code, problems[0].Code, src)
			require.Equal(t, 5, problems.Exit())
			noSecret(t, src, check(sources))
		}
	}
}

func noSecret(t *testing.T, src string, problems spec.Problems) {
	var out bytes.Buffer
	require.NoError(t, problems.Render(&out, false))
	data, err := json.Marshal(problems)
	require.NoError(t, err)
	require.NotContains(t, out.String()+string(data)+problems.Error(), "12345", src)
}

// TestSecretBesideAnotherProblem holds that a mistake on the line of a secret, or about the secret itself, does not show it.
func TestSecretBesideAnotherProblem(t *testing.T) {
	for _, body := range []string{
		"roles: [{name: app, password: s12345, logn: true}]",
		"externalClusters: [{name: old, connection: {host: db, password: s12345}}]",
		"backup: {destination: \"s3://key:s12345@bucket\"}",
		"pooler: {image: \"https://a:s12345@reg/x\"}",
		"logLevel: \"password='s12345'\"",
		"parameters: {\"a b\": \"password=s12345\"}",
		`logLevel: 'password="s12345"'`,
		`backup: {destination: s3://shop, schedules: [{name: a, cron: "0 0 password=s12345 * *"}]}`,
		`backup: {destination: s3://shop, schedules: [{name: "password=s12345", cron: "0 0 * * *"}]}`,
		`superuser: {secret: "password=s12345"}`,
		`annotations: {"postgres://a:s12345@h/db": x}`,
		`parameters: {"password=s12345": x}`,
		`hba: ["host all all ldapbindpasswd=\"s12345\""]`,
		`backup: {destination: "x\ny password=s12345"}`,
		`backup: {destination: s3://shop, retention: 'password=s12345\d	x'}`,
	} {
		src := strings.ReplaceAll(strings.Replace(small, "}}\n", "}, "+body+"}\n", 1), "NAME", "a")
		problems := check([]spec.Source{source("a.yaml", src)})
		require.Equal(t, 5, problems.Exit(), body)
		noSecret(t, src, problems)
	}
	for _, src := range []string{
		"apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData:\n  a: s12345\n",
		"apiVersion: v1\nkind: SecretList\nitems:\n- data: {a: s12345}\n",
		"apiVersion: v1\nkind: ConfigMap\ndata:\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    12345\n",
	} {
		problems := check([]spec.Source{source("a.yaml", src)})
		require.Equal(t, 5, problems.Exit(), src)
		noSecret(t, src, problems)
	}
}

// TestNotSecrets holds that what only looks like a secret is let through.
func TestNotSecrets(t *testing.T) {
	for _, body := range []string{
		"parameters: {password_encryption: scram-sha-256, ssl_passphrase_command: /bin/true, krb_caseins_users: \"off\"}",
		"bootstrap: {initdb: {sql: [\"ALTER ROLE app VALID UNTIL 'infinity'\", \"COMMENT ON ROLE app IS 'has a password'\"]}}",
		"backup: {destination: s3://shop, credentials: {secret: aws, accessKey: ACCESS_KEY_ID, secretKey: ACCESS_SECRET_KEY, sessionToken: TOKEN}}",
		"superuser: {secret: superuser-password}",
		"externalClusters: [{name: old, connection: {host: db, password: {secret: old, key: password}}}]",
		"replica: {from: old, promotionToken: eyJsYXRlc3QiOiJ4In0K}",
		"overrides: [{kind: X, name: x, patch: {env: [{name: PGPASSWORD, value: $(SECRET)}], automountServiceAccountToken: false, passwordSecret: name}}]",
		"overrides: [{kind: X, name: x, patch: {args: [--password, $(PASSWORD), --password-file, /run/password, -u, postgres]}}]",
		"overrides: [{kind: X, name: x, patch: {env: [{name: REQUIRE_PASSWORD, value: \"true\"}, {name: API_TOKEN, value: \"{{ .token }}\"}]}}]",
		"overrides: [{kind: ConfigMap, name: x, patch: {data: {a.yaml: \"rules:\\n- kind: Secret\\n  fields: [data]\\npassword: ${PASSWORD}\\n\"}}}]",
		"overrides: [{kind: Secret, name: x, patch: {metadata: {labels: {a: b}}, data: null}}]",
		"bootstrap: {initdb: {sql: [\"SELECT name FROM users WHERE has_password = true\", \"SET password_encryption = 'scram-sha-256'\"]}}",
		"annotations: {url: \"https://user@example.com/\", mail: \"see https://a.b/c or x@y\", conninfo: \"host=db password=$PASSWORD\"}",
	} {
		src := strings.ReplaceAll(strings.Replace(small, "}}\n", "}, "+body+"}\n", 1), "NAME", "a")
		_, problems := spec.Load([]spec.Source{source("a.yaml", src)})
		require.Empty(t, problems, body)
	}
}

// foreign are literals in manifests beside a spec, each with the code that refuses it.
var foreign = []struct{ code, manifest string }{
	{"ONG5001", "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a: s12345}}"},
	{"ONG5001", "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: x}, spec: {encryptedData: {password: s12345}}}"},
	{"ONG5001", "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: x}, spec: {encryptedData: {password: czEyMzQ1c12345==}}}"},
	{"ONG5002", "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: x}, spec: {encryptedData: {}, template: {data: {password: s12345}}}}"},
	{"ONG5001", "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: x, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"kind\":\"Secret\",\"data\":{\"a\":\"12345\"}}'}}, spec: {encryptedData: {}}}"},
	{"ONG5002", "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: x}, spec: {target: {template: {data: {password: s12345}}}}}"},
	{"ONG5002", "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {PGPASSWORD: s12345}}"},
	{"ONG5002", "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {app.ini: \"user = a\\npassword = s12345\\n\"}}"},
	{"ONG5002", "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {app.yaml: \"user: a\\npassword: s12345\\n\"}}"},
	{"ONG5003", "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {DATABASE_URL: \"postgres://app:s12345@shop-rw/app\"}}"},
	{"ONG5002", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {template: {spec: {containers: [{name: a, env: [{name: PGPASSWORD, value: s12345}]}]}}}}"},
	{"ONG5002", "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: x}, spec: {source: {helm: {parameters: [{name: auth.password, value: s12345}]}}}}"},
	{"ONG5002", "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: x}, spec: {source: {helm: {values: \"auth:\\n  password: s12345\\n\"}}}}"},
	{"ONG5002", "{apiVersion: v1, kind: Secret, metadata: {name: x}, extra: {kind: Secret, data: {a: s12345}}}"},
	{"ONG5004", "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {init.sql: \"ALTER ROLE app PASSWORD 's12345'\"}}"},
	{"ONG5006", "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: x, annotations: {a: \"-----BEGIN PRIVATE KEY-----12345\"}}}"},
}

// A manifest beside a spec is rendered with it, so it is refused like the spec.
func TestSecretsInManifestsAreRefused(t *testing.T) {
	for _, c := range foreign {
		for _, src := range []string{c.manifest, "{apiVersion: v1, kind: List, items: [" + c.manifest + "]}"} {
			sources := []spec.Source{source("a.yaml", src)}
			_, problems := spec.Load(sources)
			require.NotEmpty(t, problems, src)
			require.Equal(t, c.code, problems[0].Code, src)
			require.Equal(t, 5, problems.Exit())
			noSecret(t, src, problems)
		}
	}
}

// What names a secret, fetches one or documents one is none.
func TestNotSecretsInManifests(t *testing.T) {
	for _, src := range []string{
		"{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: x}, spec: {data: [{secretKey: password, remoteRef: {key: a, property: password}}], target: {template: {data: {password: \"{{ .password }}\", uri: \"postgres://app:{{ .password }}@db/app\"}}}}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {automountServiceAccountToken: false, containers: [{name: a, env: [{name: PGPASSWORD, valueFrom: {secretKeyRef: {name: s, key: password}}}]}]}}",
		"{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: x}, spec: {description: \"A URL such as postgres://user:password@host/db, or password=x\"}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {q: \"metrics:\\n- password_age: {usage: GAUGE, description: Age of a password}\\n\"}}",
		"{apiVersion: v1, kind: Secret, metadata: {name: x, annotations: {kubernetes.io/service-account.name: x}}, type: kubernetes.io/service-account-token}",
	} {
		_, problems := spec.Load([]spec.Source{source("a.yaml", src)})
		require.Empty(t, problems, src)
	}
}

// A secret does not keep the later stages from looking at the spec, and what they tell of its line does not show it either.
func TestProblemsOfLaterStagesShowNoSecret(t *testing.T) {
	src := strings.ReplaceAll(strings.Replace(small, "}}\n", "}, parameters: {primary_conninfo: password=s12345}}\n", 1), "NAME", "a")
	set, _ := spec.Load([]spec.Source{source("a.yaml", src)})
	require.Len(t, set.Clusters, 1)
	c, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems)
	const at, told = "spec.parameters.primary_conninfo", "primary_conninfo is password=s12345"
	noSecret(t, src, spec.Problems{c.Problem("ONG2110", at, told, told, told), set.Clusters[0].Problem("ONG2110", at, told, told, told)})
}
