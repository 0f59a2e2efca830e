package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/onggi-db/onggi/render/drill"
)

// fake is an edge that is told what to do.
type fake struct {
	changes chan struct{}
	do      func(ctx context.Context, a drill.Action) drill.Input
}

func (f *fake) Do(ctx context.Context, a drill.Action) drill.Input { return f.do(ctx, a) }
func (f *fake) Changes() <-chan struct{}                           { return f.changes }

func TestWaits(t *testing.T) {
	const soon = time.Minute // on a busy machine; what would not end in time would wait for an hour
	tests := []struct {
		name    string
		action  drill.Action
		stopped bool
		done    bool // the action was carried out
		longest time.Duration
		least   time.Duration
	}{
		{"a change ends the wait", drill.Action{Do: drill.Observe, After: time.Hour}, false, true, soon, 0},
		{"being told to stop does", drill.Action{Do: drill.Observe, After: time.Hour}, true, false, soon, 0},
		{"and nothing is begun then", drill.Action{Do: drill.Create}, true, false, soon, 0},
		{"but for cleaning up", drill.Action{Do: drill.Delete, Cleanup: true}, true, true, soon, 0},
		{"a change is no reason to save earlier", drill.Action{Do: drill.Save, After: 100 * time.Millisecond}, false, true, soon, 100 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			edge := &fake{changes: make(chan struct{}, 1)}
			edge.changes <- struct{}{}
			done := false
			edge.do = func(ctx context.Context, _ drill.Action) drill.Input {
				done = true
				require.NoError(t, ctx.Err())
				by, limited := ctx.Deadline()
				require.True(t, limited && time.Until(by) > 0)
				return drill.Input{}
			}
			if tt.stopped {
				edge.changes = nil
				cancel()
			}
			began := time.Now()
			tt.action.By = began.Add(2 * time.Hour)
			in := perform(ctx, edge, tt.action)
			require.Equal(t, tt.done, done)
			require.Equal(t, !tt.done, in.Fault == drill.Transient)
			require.Less(t, time.Since(began), tt.longest)
			require.GreaterOrEqual(t, time.Since(began), tt.least)
		})
	}
}

// TestAnActionThatIsLateIsTriedOnce: what is to be removed is not left because the time was up before.
func TestAnActionThatIsLateIsTriedOnce(t *testing.T) {
	edge := &fake{do: func(ctx context.Context, _ drill.Action) drill.Input {
		by, _ := ctx.Deadline()
		require.Greater(t, time.Until(by), time.Second)
		return drill.Input{}
	}}
	require.Equal(t, drill.NoFault, perform(t.Context(), edge, drill.Action{Do: drill.Delete, Cleanup: true, By: time.Now().Add(-time.Hour)}).Fault)
}

func TestFaults(t *testing.T) {
	r := schema.GroupResource{Group: "postgresql.cnpg.io", Resource: "clusters"}
	tests := []struct {
		err  error
		want drill.Fault
	}{
		{nil, drill.NoFault},
		{apierrors.NewConflict(r, "shop", errors.New("changed")), drill.Conflict},
		{apierrors.NewAlreadyExists(r, "shop"), drill.Conflict},
		{apierrors.NewForbidden(r, "shop", errors.New("no right")), drill.Refused},
		{apierrors.NewInvalid(schema.GroupKind{}, "shop", nil), drill.Refused},
		{apierrors.NewNotFound(r, "shop"), drill.Refused},
		{apierrors.NewUnauthorized("expired"), drill.Transient},
		{apierrors.NewTooManyRequests("slow down", 1), drill.Transient},
		{apierrors.NewInternalError(errors.New("webhook")), drill.Transient},
		{apierrors.NewServiceUnavailable("starting"), drill.Transient},
		{apierrors.NewTimeoutError("late", 1), drill.Transient},
		{fmt.Errorf("get: %w", context.DeadlineExceeded), drill.Transient},
		{io.ErrUnexpectedEOF, drill.Transient},
		{retryable{errors.New("not yet")}, drill.Transient},
		{fmt.Errorf("it is not there: %w", errRefused), drill.Refused},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, fault(tt.err), "%v", tt.err)
	}
}

func TestSwitchPoint(t *testing.T) {
	tests := []struct{ history, want string }{
		{"1\t0/5000000\tno recovery target specified\n", "0/5000000"},
		{"1\t0/A000198\tbefore 2000-01-01 05:30:00+05:30\n\n2\tDE/5000000\tat restore point\n\n", "DE/5000000"},
		{"# a comment\n1\t0/1\treason\n# another\n", "0/1"},
		{"", ""},
		{"garbage", ""},
		{"1 nowhere", ""},
	}
	for _, tt := range tests {
		got, ok := switchPoint(tt.history)
		require.Equal(t, tt.want, got)
		require.Equal(t, tt.want != "", ok)
	}
}

// FuzzSwitchPoint: whatever the file holds, what comes out is one word that Postgres may take for an LSN.
func FuzzSwitchPoint(f *testing.F) {
	f.Add("1\t0/5000000\tno recovery target specified\n")
	f.Add("# x\n1 2/3")
	f.Fuzz(func(t *testing.T, history string) {
		got, ok := switchPoint(history)
		require.Equal(t, ok, got != "")
		require.Equal(t, ok, strings.Contains(got, "/"))
		require.Len(t, strings.Fields(got+" x"), 1+len(strings.Fields(got)))
		require.LessOrEqual(t, len(strings.Fields(got)), 1)
	})
}
