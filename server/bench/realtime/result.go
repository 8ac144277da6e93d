package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The figures of a result.
const (
	connects   = iota // a second
	connectCPU        // µs
	idleHalf          // KB
	idleFull          // KB
	resident          // MB
	p50               // ms
	p99               // ms
	pacedCPU          // µs
	burst             // deliveries a second
	burstCPU          // µs
	figures
)

// result is what one round found out about a server.
type result [figures]float64

// named are the rounds of a server.
type named struct {
	name   string
	rounds []result
}

// sorted are the rounds' values of a figure, lowest first.
func (n named) sorted(figure int) (values []float64) {
	for _, r := range n.rounds {
		values = append(values, r[figure])
	}
	slices.Sort(values)
	return values
}

// median of the rounds; of an even number, the mean of the two in the middle.
func (n named) median(figure int) float64 {
	v := n.sorted(figure)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// titles tell of each figure in words.
func titles(p plan) [figures]string {
	idle, half, all := number(float64(p.idle)), number(float64(p.idle/2)), number(float64(p.subscribers))
	return [figures]string{
		connects:   "connections opened and subscribed a second",
		connectCPU: "µs of CPU for each",
		idleHalf:   "KB of memory an idle subscribed connection, at " + half,
		idleFull:   "KB of memory an idle subscribed connection, at " + idle,
		resident:   "MB of memory in all, at " + idle,
		p50:        "ms to " + all + " subscribers at 10 triggers a second, p50",
		p99:        "ms to " + all + " subscribers at 10 triggers a second, p99",
		pacedCPU:   "µs of CPU a delivery at 10 triggers a second",
		burst:      "deliveries a second in a burst",
		burstCPU:   "µs of CPU a delivery in a burst",
	}
}

// table is in Markdown: medians, between brackets the lowest and the highest
// round, and of two servers the ratio.
func table(p plan, servers ...named) string {
	var b strings.Builder
	cells := func(first string, rest []string) { fmt.Fprintf(&b, "| %s | %s |\n", first, strings.Join(rest, " | ")) }
	var names, rule []string
	for _, s := range servers {
		names, rule = append(names, s.name), append(rule, "---:")
	}
	if len(servers) == 2 {
		names, rule = append(names, "ratio"), append(rule, "---:")
	}
	cells("", names)
	cells("---", rule)
	for figure, title := range titles(p) {
		var row []string
		for _, s := range servers {
			row = append(row, s.cell(figure))
		}
		if len(servers) == 2 {
			row = append(row, number(ratio(figure, servers[0], servers[1])))
		}
		cells(title, row)
	}
	return b.String()
}

func (n named) cell(figure int) string {
	text := number(n.median(figure))
	if v := n.sorted(figure); len(v) > 1 {
		text += fmt.Sprintf(" (%s–%s)", number(v[0]), number(v[len(v)-1]))
	}
	return text
}

func ratio(figure int, a, b named) float64 { return a.median(figure) / b.median(figure) }

// number has about three digits, and commas.
func number(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	digits := strconv.FormatInt(int64(v+0.5), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// verdicts say which of the targets are met.
func verdicts(ours, theirs named) string {
	var b strings.Builder
	for _, t := range []struct {
		what      string
		got, most float64
	}{
		{"CPU a delivery in a burst, against soketi's", ratio(burstCPU, ours, theirs), 0.4},
		{"p99 at 10 triggers a second, against soketi's", ratio(p99, ours, theirs), 1},
		{"KB of memory an idle subscribed connection", max(ours.median(idleHalf), ours.median(idleFull)), 10},
	} {
		met := "met    "
		if t.got > t.most {
			met = "not met"
		}
		fmt.Fprintf(&b, "%s  %s: %.3g, at most %.3g wanted\n", met, t.what, t.got, t.most)
	}
	return b.String()
}
