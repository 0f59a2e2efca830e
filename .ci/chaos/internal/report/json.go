package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/trial"
)

// file is how results are kept. Times are in seconds.
type file struct {
	Rows []rowFile `json:"rows"`
	Idle []Idle    `json:"idle"`
}

type rowFile struct {
	Driver, Mode, Fault, What, Verdict string
	Judged                             bool
	Runs                               []runFile
}

type runFile struct {
	Outage, Dual, DualClaims, Stale, Whole, Away  float64
	Refused, Late, Misled, LostRouted, LostDirect int
	StaleAcks, Moves                              int
	RegistersViolated                             []int64
	Requests                                      float64
	Sync                                          bool
	From, To, Trouble                             string
}

// JSON writes all rows with all of their runs.
func JSON(out io.Writer, rows []Row, idle []Idle) error {
	f := file{Rows: make([]rowFile, 0, len(rows)), Idle: idle}
	for _, r := range rows {
		o := rowFile{r.Driver, r.Mode, r.Fault.Name, r.Fault.What, r.Verdict(), r.Judged, nil}
		for _, t := range r.Runs {
			o.Runs = append(o.Runs, runFile{
				t.Outage.Seconds(), t.Dual.Seconds(), t.DualClaims.Seconds(), t.Stale.Seconds(), t.Whole.Seconds(), t.Away.Seconds(),
				t.Refused, t.Late, t.Misled, t.LostRouted, t.LostDirect, t.StaleAcks, t.Moves, t.Registers.Violated, t.Requests, t.Sync, t.From, t.To, t.Trouble,
			})
		}
		f.Rows = append(f.Rows, o)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(f)
}

// ReadJSON reads what JSON wrote.
func ReadJSON(in io.Reader) ([]Row, []Idle, error) {
	var f file
	if err := json.NewDecoder(in).Decode(&f); err != nil {
		return nil, nil, fmt.Errorf("read results: %w", err)
	}
	var rows []Row
	for _, o := range f.Rows {
		row := Row{Driver: o.Driver, Mode: o.Mode, Judged: o.Judged, Fault: fault.Fault{Name: o.Fault, What: o.What}}
		if known, err := fault.Named(o.Fault); err == nil {
			row.Fault.Expect = known[0].Expect
		}
		for _, t := range o.Runs {
			r := trial.Result{
				Fault: o.Fault, Sync: t.Sync, Outage: duration(t.Outage), Dual: duration(t.Dual), DualClaims: duration(t.DualClaims), Stale: duration(t.Stale),
				Whole: duration(t.Whole), Away: duration(t.Away), Refused: t.Refused, Late: t.Late, Misled: t.Misled, LostRouted: t.LostRouted, LostDirect: t.LostDirect, StaleAcks: t.StaleAcks,
				Requests: t.Requests, Moves: t.Moves, From: t.From, To: t.To, Trouble: t.Trouble,
			}
			r.Registers.Violated = t.RegistersViolated
			row.Runs = append(row.Runs, r)
		}
		rows = append(rows, row)
	}
	return rows, f.Idle, nil
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
