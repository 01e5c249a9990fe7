package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestFigure(t *testing.T) {
	for _, test := range []struct {
		figure              Figure
		median, least, most float64
	}{
		{Figure{3}, 3, 3, 3},
		{Figure{4, 1}, 2.5, 1, 4},
		{Figure{9, 1, 5}, 5, 1, 9},
		{Figure{4, 8, 2, 100}, 6, 2, 100},
	} {
		least, most := test.figure.Spread()
		if test.figure.Median() != test.median || least != test.least || most != test.most {
			t.Errorf("%v: %v, %v to %v", []float64(test.figure), test.figure.Median(), least, most)
		}
	}
	if f := (Figure{3, 1, 2}); f.Median() != 2 || f[0] != 3 {
		t.Error("the rounds lose their order")
	}
	if least, _ := (Figure{}).Spread(); !math.IsNaN(least) || !math.IsNaN(Figure(nil).Median()) {
		t.Error("nothing has a value")
	}
}

// A ratio is taken within a round: a round in which everything took twice as
// long does not show.
func TestRatiosAreOfRounds(t *testing.T) {
	slow := Figure{10, 20, 10}
	fast := Figure{2, 4, 2, 7}
	if ratio := slow.Over(fast); len(ratio) != 3 || ratio.Median() != 5 || ratio[1] != 5 {
		t.Error(ratio)
	}
	if difference := slow.Minus(fast); difference[0] != 8 || difference[1] != 16 {
		t.Error(difference)
	}
	if ratio := slow.Over(nil); len(ratio) != 0 {
		t.Error(ratio)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.00", 0.1234: "0.123", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234: "1,230",
		2_364_000: "2,360,000", -5432: "-5,430", math.NaN(): "–",
	} {
		if got := Number(v); got != want {
			t.Errorf("%v: %s, not %s", v, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	targets := []Target{
		{What: "enough", Measured: Figure{9, 11, 12}, AtLeast: 10},
		{What: "too much", Measured: Figure{3}, AtMost: 2.5, Aim: 1.3},
		{What: "aimed at", Measured: Figure{3}, Aim: 1.3},
		{What: "unknown", AtMost: 1},
	}
	var out strings.Builder
	table := Targets(targets)
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| enough ", "11.0 (9.00–12.0) |", " pass |", "≤ 2.5 | 1.3 | FAIL |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if len(table.Rows) != 3 || strings.Count(out.String(), "FAIL") != 1 {
		t.Errorf("\n%s", out.String())
	}
	encoded, err := json.Marshal(targets[2])
	if err != nil || strings.Contains(string(encoded), "reached") {
		t.Errorf("%s %v", encoded, err)
	}
}

func TestChartIsWellFormed(t *testing.T) {
	chart := Chart{Title: `<"&`, Panels: []Panel{
		{Title: "full", Groups: []string{"4", "64"}, Series: []Series{{"a", []Figure{{1, 2}, {3}}}, {"b", []Figure{nil, {5}}}}},
		{Title: "empty"},
	}}
	var out strings.Builder
	if err := chart.Write(&out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "NaN") {
		t.Errorf("\n%s", out.String())
	}
	decoder := xml.NewDecoder(strings.NewReader(out.String()))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
