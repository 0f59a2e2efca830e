package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
)

// A recovered cluster archives elsewhere, unless it comes back from its own backups: always, and to their end.
func TestWhereARecoveredClusterArchives(t *testing.T) {
	s3 := config.Repository{Type: "s3", Bucket: "b", Path: "/shop", Endpoint: "minio:9000", Region: "lan"}
	azure := config.Repository{Type: "azure", Bucket: "b", Path: "/shop", Account: "one"}
	other := azure
	other.Account = "two"
	for _, tt := range []struct {
		name    string
		backup  config.Backup
		recover config.Recover
		apart   bool
	}{
		{"the same", config.Backup{Repository: s3, Stanza: "shop"}, config.Recover{Repository: s3, Stanza: "shop"}, false},
		{"another stanza", config.Backup{Repository: s3, Stanza: "shop-2"}, config.Recover{Repository: s3, Stanza: "shop"}, true},
		{"another account", config.Backup{Repository: azure, Stanza: "shop"}, config.Recover{Repository: other, Stanza: "shop"}, true},
		{"its own", config.Backup{Repository: s3, Stanza: "shop"}, config.Recover{Repository: s3, Stanza: "shop", OrInit: true}, true},
		{"its own at a moment", config.Backup{Repository: s3, Stanza: "shop"},
			config.Recover{Repository: s3, Stanza: "shop", OrInit: true, Target: config.RecoverTarget{Time: "2026-11-22T06:00:00Z"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := config.File{Cluster: "shop", Listen: config.Listen{TokenFile: "/token"}, Postgres: config.Postgres{ReplicationPasswordFile: "/password"}, Backup: &tt.backup, Recover: &tt.recover}
			err := f.Defaults().Validate()
			if tt.apart {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "backup and recover are the same place and stanza (shop)")
		})
	}
}
