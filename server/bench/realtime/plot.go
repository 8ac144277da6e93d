package main

import (
	"bytes"
	"fmt"
	"html"
)

// The plot's measures, in pixels.
const (
	panelWidth  = 660
	panelHeight = 74
	barsLeft    = 90
	barsWidth   = 450
	barHeight   = 18
)

// panel is a figure with a bar for each server.
type panel struct {
	title  string
	figure int
	better string
}

// plot is an SVG: for each figure that counts, a bar for each server, and a line
// from the lowest to the highest round.
func plot(p plan, servers ...named) []byte {
	all := titles(p)
	panels := []panel{
		{all[burstCPU], burstCPU, "less"}, {all[p99], p99, "less"}, {all[p50], p50, "less"}, {all[idleFull], idleFull, "less"},
		{all[connects], connects, "more"}, {all[burst], burst, "more"},
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="13" fill="#1a1a1a">`+"\n", panelWidth, panelHeight*len(panels)+10)
	b.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	for i, panel := range panels {
		fmt.Fprintf(&b, `<g transform="translate(10 %d)">`+"\n", 10+i*panelHeight)
		panel.draw(&b, servers)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (p panel) draw(b *bytes.Buffer, servers []named) {
	colors := []string{"#0b5fff", "#8a8a8a"}
	most := 0.0
	for _, s := range servers {
		v := s.sorted(p.figure)
		most = max(most, v[len(v)-1])
	}
	fmt.Fprintf(b, `<text y="13"><tspan font-weight="bold">%s</tspan> (%s is better)</text>`+"\n", html.EscapeString(p.title), p.better)
	for i, s := range servers {
		y, v := 20+i*(barHeight+4), s.sorted(p.figure)
		at := func(value float64) float64 { return barsLeft + barsWidth*value/most }
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, barsLeft-8, y+14, html.EscapeString(s.name))
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, barsLeft, y, at(s.median(p.figure))-barsLeft, barHeight, colors[i%len(colors)])
		fmt.Fprintf(b, `<path d="M%.1f %d H%.1f" stroke="#1a1a1a" stroke-width="2"/>`, at(v[0]), y+barHeight/2, at(v[len(v)-1]))
		fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`+"\n", at(v[len(v)-1])+8, y+14, number(s.median(p.figure)))
	}
}
