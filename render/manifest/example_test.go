package manifest_test

import (
	"fmt"
	"os"

	"github.com/onggi-db/onggi/render/manifest"
)

func ExampleEncode() {
	cluster := manifest.Object{Part: manifest.PartCluster}.With(manifest.Map{
		"apiVersion": "postgresql.cnpg.io/v1",
		"kind":       "Cluster",
		"metadata":   manifest.Map{"name": "shop", "namespace": "databases"},
		"spec": manifest.Map{
			"instances": 3,
			"storage":   manifest.Map{"size": "10Gi"},
			"postgresql": manifest.Map{
				"parameters": map[string]string{"wal_compression": "on", "max_connections": "200"},
				"pg_hba":     []string{"hostssl all all 10.0.0.0/8 scram-sha-256"},
			},
		},
	})
	os.Stdout.Write(manifest.Encode(cluster))
	// Output:
	// apiVersion: postgresql.cnpg.io/v1
	// kind: Cluster
	// metadata:
	//   name: shop
	//   namespace: databases
	// spec:
	//   instances: 3
	//   postgresql:
	//     parameters:
	//       max_connections: "200"
	//       wal_compression: "on"
	//     pg_hba:
	//     - hostssl all all 10.0.0.0/8 scram-sha-256
	//   storage:
	//     size: 10Gi
}

func ExampleDecode() {
	_, err := manifest.Decode("extra.yaml", []byte(`apiVersion: v1
kind: Secret
metadata:
  name: 12
  name: app
`))
	fmt.Println(err)
	_, err = manifest.Decode("extra.yaml", []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: on}\n"))
	fmt.Println(err)
	// Output:
	// extra.yaml:5:3: duplicate key "name": it is set in line 4 already
	// extra.yaml:3:18: metadata.name has to be a string, not true: quote it
}

func ExampleDiff() {
	was, _ := manifest.Decode("a", []byte("apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 5432}]}\n"))
	is, _ := manifest.Decode("b", []byte("apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 5433}], type: LoadBalancer}\n"))
	for _, d := range manifest.Diff(was, is) {
		fmt.Println(d)
	}
	// Output:
	// Service/db spec.ports[0].port: 5432 != 5433
	// Service/db spec.type: nothing != "LoadBalancer"
}
