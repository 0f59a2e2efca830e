package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/world"
)

func TestImagesHaveTheSameProgramsElsewhere(t *testing.T) {
	at, mounts := Programs(FirstImage, "/usr/lib/postgresql/15/bin")
	require.Equal(t, "/usr/lib/postgresql/15/bin", at)
	require.Empty(t, mounts)
	at, mounts = Programs("postgres:7", "/usr/lib/postgresql/15/bin")
	require.Equal(t, "/run/images/7/bin", at)
	require.Equal(t, []world.Mount{{Source: "/usr/lib/postgresql/15", Target: "/run/images/7"}}, mounts)
}
