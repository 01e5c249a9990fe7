package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// A Chart is panels of bars, two in a row.
type Chart struct {
	Title  string
	Note   string
	Panels []Panel
}

// A Panel has a bar in every group for every series, as high as the median,
// with a line from the smallest to the largest.
type Panel struct {
	Title  string
	Groups []string
	Series []Series
}

// A Series is what one server did, group by group. Its Name decides its
// colour; what was not measured has no bar.
type Series struct {
	Name   string
	Values []Figure
}

// Sizes in pixels.
const (
	panelWidth  = 460
	panelHeight = 250
	plotTop     = 62 // within a panel
	plotHeight  = 150
	chartTop    = 56
	margin      = 16
)

// style has a second set of colours for pages that are dark.
const style = `<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 } .panel { font-size: 13px; font-weight: 600 }
.note { fill: #57606a } .value { font-size: 10px } .back { fill: #ffffff }
.axis { stroke: #8c959f } .spread { stroke: #24292f; stroke-opacity: .7 }
.s0 { fill: #c2410c } .s1 { fill: #3f7d2c } .s2 { fill: #6e7781 } .s3 { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .note { fill: #9198a1 } .back { fill: #0d1117 }
.axis { stroke: #6e7681 } .spread { stroke: #e6edf3 }
.s0 { fill: #fb8c4a } .s1 { fill: #7cc46a } .s2 { fill: #9198a1 } .s3 { fill: #565e68 }
}
</style>
`

// colours is how many classes .s0, .s1 … the style has.
const colours = 4

// Write writes the chart as SVG.
func (c *Chart) Write(w io.Writer) error {
	var out strings.Builder
	colour := c.colours()
	rows := (len(c.Panels) + 1) / 2
	width, height := 2*panelWidth+margin, chartTop+rows*panelHeight
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, escaped(c.Title))
	out.WriteString(style)
	fmt.Fprintf(&out, `<rect class="back" width="%d" height="%d"/>`+"\n", width, height)
	text(&out, margin, 26, "title", c.Title)
	text(&out, margin, 44, "note", c.Note)
	for i, p := range c.Panels {
		fmt.Fprintf(&out, `<g transform="translate(%d %d)">`+"\n", margin+i%2*panelWidth, chartTop+i/2*panelHeight)
		p.write(&out, colour)
		out.WriteString("</g>\n")
	}
	out.WriteString("</svg>\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// colours gives a series the same colour in every panel.
func (c *Chart) colours() map[string]int {
	colour := make(map[string]int)
	for _, p := range c.Panels {
		for _, s := range p.Series {
			if _, ok := colour[s.Name]; !ok {
				colour[s.Name] = len(colour) % colours
			}
		}
	}
	return colour
}

func (p *Panel) write(out *strings.Builder, colour map[string]int) {
	text(out, 0, 22, "panel", p.Title)
	x := 0
	for _, s := range p.Series {
		fmt.Fprintf(out, `<rect class="s%d" x="%d" y="33" width="10" height="10"/>`+"\n", colour[s.Name], x)
		text(out, x+14, 42, "note", s.Name)
		x += 14 + 8*len(s.Name) + 10
	}
	most := 0.0
	for _, s := range p.Series {
		for _, f := range s.Values {
			if _, max := f.Spread(); !math.IsNaN(max) { //nolint:revive // the larger end of the spread
				most = math.Max(most, max)
			}
		}
	}
	const inner = panelWidth - 2*margin
	group := inner / max(1, len(p.Groups))
	bar := min(46, (group-14)/max(1, len(p.Series)))
	for g, name := range p.Groups {
		for i, s := range p.Series {
			if g < len(s.Values) && len(s.Values[g]) > 0 {
				drawBar(out, g*group+i*bar, bar-2, colour[s.Name], s.Values[g], most)
			}
		}
		text(out, g*group, plotTop+plotHeight+16, "note", name)
	}
	fmt.Fprintf(out, `<line class="axis" x1="0" x2="%d" y1="%d" y2="%d"/>`+"\n", inner, plotTop+plotHeight, plotTop+plotHeight)
}

func drawBar(out *strings.Builder, x, width, colour int, f Figure, most float64) {
	y := func(v float64) float64 { return plotTop + plotHeight*(1-v/most) }
	least, greatest := f.Spread()
	top := y(f.Median())
	fmt.Fprintf(out, `<rect class="s%d" x="%d" y="%.1f" width="%d" height="%.1f"/>`+"\n", colour, x, top, width, plotTop+plotHeight-top)
	if len(f) > 1 {
		fmt.Fprintf(out, `<line class="spread" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`+"\n", x+width/2, x+width/2, y(greatest), y(least))
	}
	text(out, x, int(y(greatest))-3, "value", short(f.Median()))
}

// short is a number that fits above a bar.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.1fM", v/1e6)
	case v >= 1e5:
		return fmt.Sprintf("%.0fk", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1fk", v/1e3)
	}
	return fmt.Sprintf("%.3g", v)
}

func text(out *strings.Builder, x, y int, class, s string) {
	fmt.Fprintf(out, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x, y, escaped(s))
}

func escaped(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // writing to memory
	return out.String()
}
