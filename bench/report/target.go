package report

import (
	"encoding/json"
	"fmt"
)

// A Target is what a figure has to reach.
type Target struct {
	What     string
	Measured Figure
	AtLeast  float64 // one of the two
	AtMost   float64
	// Aim is what would be better still, and all there is where both bounds
	// are 0; 0 for none.
	Aim float64
}

func (t Target) bound() bool { return t.AtLeast != 0 || t.AtMost != 0 }

// Known reports whether the figure was measured at all.
func (t Target) Known() bool { return len(t.Measured) > 0 }

// Reached reports whether the median is within the bound.
func (t Target) Reached() bool {
	if t.AtMost != 0 {
		return t.Measured.Median() <= t.AtMost
	}
	return t.Measured.Median() >= t.AtLeast
}

// MarshalJSON adds whether it is reached.
func (t Target) MarshalJSON() ([]byte, error) {
	var reached *bool
	if t.bound() {
		reached = new(t.Reached())
	}
	return json.Marshal(struct {
		What     string  `json:"what"`
		Measured Figure  `json:"measured"`
		AtLeast  float64 `json:"atLeast,omitempty"`
		AtMost   float64 `json:"atMost,omitempty"`
		Aim      float64 `json:"aim,omitempty"`
		Reached  *bool   `json:"reached,omitempty"`
	}{t.What, t.Measured, t.AtLeast, t.AtMost, t.Aim, reached})
}

// Targets makes the table of those that are known.
func Targets(targets []Target) Table {
	table := Table{Title: "Targets", Head: []string{"target", "measured", "wanted", "aim", ""}}
	for _, t := range targets {
		if !t.Known() {
			continue
		}
		wanted, aim, verdict := "", "", ""
		switch {
		case t.AtLeast != 0:
			wanted = fmt.Sprintf("≥ %v", t.AtLeast)
		case t.AtMost != 0:
			wanted = fmt.Sprintf("≤ %v", t.AtMost)
		}
		if t.Aim != 0 {
			aim = fmt.Sprint(t.Aim)
		}
		if t.bound() {
			verdict = "FAIL"
			if t.Reached() {
				verdict = "pass"
			}
		}
		table.Add(t.What, t.Measured.String(), wanted, aim, verdict)
	}
	return table
}
