// Package report turns what a benchmark measured into a table, a chart and
// JSON, with the machine that it was measured on.
package report

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// A Figure is one quantity, measured once in every round.
type Figure []float64

// Median is the middle one, or the mean of the two in the middle; NaN where
// nothing was measured.
func (f Figure) Median() float64 {
	if len(f) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(f))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Spread is the smallest and the largest; NaN where nothing was measured.
func (f Figure) Spread() (least, most float64) {
	if len(f) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(f), slices.Max(f)
}

// Over is the ratio to another figure, round by round: what disturbs one round
// disturbs both. Rounds that only one of them has are left out.
func (f Figure) Over(other Figure) Figure {
	ratios := make(Figure, min(len(f), len(other)))
	for i := range ratios {
		ratios[i] = f[i] / other[i]
	}
	return ratios
}

// Minus is the difference to another figure, round by round.
func (f Figure) Minus(other Figure) Figure {
	differences := make(Figure, min(len(f), len(other)))
	for i := range differences {
		differences[i] = f[i] - other[i]
	}
	return differences
}

// String is the median, and the spread of more than one round.
func (f Figure) String() string {
	if len(f) == 0 {
		return "–"
	}
	if len(f) == 1 {
		return Number(f[0])
	}
	least, most := f.Spread()
	return fmt.Sprintf("%s (%s–%s)", Number(f.Median()), Number(least), Number(most))
}

// MarshalJSON writes the median, the spread and the rounds.
func (f Figure) MarshalJSON() ([]byte, error) {
	if len(f) == 0 {
		return []byte("null"), nil
	}
	least, most := f.Spread()
	return json.Marshal(struct {
		Median float64   `json:"median"`
		Min    float64   `json:"min"`
		Max    float64   `json:"max"`
		Rounds []float64 `json:"rounds"`
	}{f.Median(), least, most, f})
}

// Number writes three significant digits, and thousands with commas.
func Number(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "–"
	case size >= 1000:
		exact := math.Pow(10, math.Floor(math.Log10(size))-2)
		return thousands(int64(math.Round(v/exact) * exact))
	case size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	case size >= 1 || size == 0:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}

func thousands(v int64) string {
	if v < 0 {
		return "-" + thousands(-v)
	}
	if v < 1000 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%s,%03d", thousands(v/1000), v%1000)
}
