package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// The plot's measures, in pixels.
const (
	plotWidth = 720
	barsLeft  = 130
	barsWidth = 460
	barHeight = 16
	titleRoom = 26
)

// panels are the figures that the plot shows, less being better in all.
var panels = []struct {
	title string
	at    condition
	of    figure
}{
	{"KB on the wire before the click", slowBoth, bytesBefore},
	{"ms of blocking time before the click, CPU 4x", slowCPU, blocking},
	{"ms to the painted launcher, Slow 4G, CPU 4x", slowBoth, launcher},
	{"ms from the click to the painted panel, cold, Slow 4G, CPU 4x", slowBoth, panelCold},
	{"ms from the click to a composer, cold, Slow 4G, CPU 4x", slowBoth, composerCold},
	{"ms from the click to a live socket, cold, Slow 4G", slowNet, liveCold},
}

// plot is an SVG: for each figure that counts, a bar for each widget that has it,
// and a line from the lowest to the highest run.
func (all results) plot() []byte {
	var b bytes.Buffer
	y := 10
	for _, p := range panels {
		fmt.Fprintf(&b, `<text x="10" y="%d" font-weight="bold">%s</text>`+"\n", y+13, html.EscapeString(p.title))
		y += titleRoom
		y += all.bars(&b, p.at, p.of, y) + 14
	}
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="13" fill="#1a1a1a">`+"\n"+`<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n", plotWidth, y)
	return []byte(head + b.String() + "</svg>\n")
}

// bars draws one figure from y on, and gives the height it took.
func (all results) bars(b *bytes.Buffer, c condition, f figure, y int) (height int) {
	most := 0.0
	for _, name := range all.names {
		if v := all.sorted(name, c, f); len(v) > 0 {
			most = math.Max(most, v[len(v)-1])
		}
	}
	at := func(value float64) float64 { return barsLeft + barsWidth*value/math.Max(most, 1e-9) }
	for _, name := range all.names {
		v := all.sorted(name, c, f)
		if len(v) == 0 {
			continue
		}
		color := "#8a8a8a"
		if strings.HasPrefix(name, "ours") {
			color = "#0b5fff"
		}
		top := y + height
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, barsLeft-8, top+13, html.EscapeString(name))
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, barsLeft, top, at(median(v))-barsLeft, barHeight, color)
		fmt.Fprintf(b, `<path d="M%.1f %d H%.1f" stroke="#1a1a1a" stroke-width="2"/>`, at(v[0]), top+barHeight/2, at(v[len(v)-1]))
		fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`+"\n", at(v[len(v)-1])+8, top+13, number(median(v)))
		height += barHeight + 4
	}
	return height
}

// describeMachine says what the figures were measured on.
func describeMachine() string {
	model := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	return fmt.Sprintf("%s: %d cores of %s, shared by Chromium, the servers and whatever else ran; load %s at the start",
		time.Now().Format("2 January 2006"), runtime.NumCPU(), model, loadAverage())
}

// loadAverage is that of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}
