package native

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestJobsWaitLongerAfterEachPodThatFailed(t *testing.T) {
	require.Zero(t, backoff(0))
	require.Equal(t, 10*time.Second, backoff(1))
	require.Equal(t, 40*time.Second, backoff(3))
	require.Equal(t, 6*time.Minute, backoff(9))
}
