package check

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Register is one operation on the register of a key: a write of Value, or a read that found Value.
type Register struct {
	Client  int
	Key     int64
	Write   bool
	Value   int64
	Call    time.Duration
	Return  time.Duration
	Outcome Outcome
}

// model is a register that starts as zero; a Register is its own input and output.
var model = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, _ any) (bool, any) {
		r := input.(Register)
		if r.Write {
			return true, r.Value
		}
		return state == r.Value, state
	},
	DescribeOperation: func(input, _ any) string {
		r := input.(Register)
		if r.Write {
			return fmt.Sprintf("write %d", r.Value)
		}
		return fmt.Sprintf("read %d", r.Value)
	},
}

// Verdict on the registers.
type Verdict struct {
	Keys      int
	Violated  []int64 // keys whose operations no single copy explains
	Undecided []int64 // keys for which limit was too short
}

// Linearizable asks for each key whether its operations could have been those of a single copy. A write of unknown outcome may take effect at any
// later time, or never; a read that failed says nothing.
func Linearizable(h History, limit time.Duration) Verdict {
	byKey := map[int64][]porcupine.Operation{}
	for _, r := range h.Registers {
		if r.Outcome == Failed || (r.Outcome == Unknown && !r.Write) {
			continue
		}
		op := porcupine.Operation{ClientId: r.Client, Input: r, Call: int64(r.Call), Return: int64(r.Return)}
		if r.Outcome == Unknown {
			op.Return = math.MaxInt64
		}
		byKey[r.Key] = append(byKey[r.Key], op)
	}
	v := Verdict{Keys: len(byKey)}
	for _, key := range slices.SortedFunc(maps.Keys(byKey), cmp.Compare[int64]) {
		switch porcupine.CheckOperationsTimeout(model, byKey[key], limit) {
		case porcupine.Illegal:
			v.Violated = append(v.Violated, key)
		case porcupine.Unknown:
			v.Undecided = append(v.Undecided, key)
		}
	}
	return v
}
