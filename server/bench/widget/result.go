package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// figure is one of those of a result.
type figure int

const (
	launcher    figure = iota // ms
	blocking                  // ms
	longTasks                 // number
	shift                     // layout shift, without a unit
	bytesBefore               // KB
	requests                  // number
	panelCold                 // ms, as the others up to liveWarm
	composerCold
	liveCold
	panelWarm
	composerWarm
	liveWarm
	opened  // MB
	soaked  // MB
	oneMore // ms
	figures
)

// result is what one run found out about a widget under one condition; NaN is
// what it has not or was not asked for.
type result [figures]float64

func unknown() (r result) {
	for i := range r {
		r[i] = math.NaN()
	}
	return r
}

// results are all of them, by widget and condition.
type results struct {
	names []string
	runs  map[string]map[condition][]result
}

func newResults(widgets []widget) results {
	all := results{runs: map[string]map[condition][]result{}}
	for _, w := range widgets {
		all.names = append(all.names, w.name)
		all.runs[w.name] = map[condition][]result{}
	}
	return all
}

func (all results) add(name string, c condition, r result) {
	all.runs[name][c] = append(all.runs[name][c], r)
}

// sorted are a figure's values, lowest first, without those that are unknown.
func (all results) sorted(name string, c condition, f figure) (values []float64) {
	for _, r := range all.runs[name][c] {
		if !math.IsNaN(r[f]) {
			values = append(values, r[f])
		}
	}
	slices.Sort(values)
	return values
}

func (all results) median(name string, c condition, f figure) float64 {
	return median(all.sorted(name, c, f))
}

// median of values in any order; of an even number, the mean of the two in the
// middle, and of none, NaN.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return math.NaN()
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// titles tell of each figure in words.
func titles(history int) [figures]string {
	return [figures]string{
		launcher:     "ms from asking for the script to the painted launcher",
		blocking:     "ms of blocking time before the click",
		longTasks:    "long tasks before the click",
		shift:        "layout shift before the click",
		bytesBefore:  "KB on the wire before the click",
		requests:     "requests before the click",
		panelCold:    "ms from the click to the painted panel, cold",
		composerCold: "ms from the click to a composer, cold",
		liveCold:     "ms from the click to a live socket, cold",
		panelWarm:    "ms from the click to the painted panel, warm",
		composerWarm: "ms from the click to a composer, warm",
		liveWarm:     "ms from the click to a live socket, warm",
		opened:       "MB of memory with the panel open",
		soaked:       "MB of memory after " + number(float64(history)) + " messages",
		oneMore:      "ms of main thread for one message more",
	}
}

// reference is the widget that others are compared with.
func (all results) reference() string {
	if slices.Contains(all.names, byTinyGo) {
		return byTinyGo
	}
	return byGo
}

// report is in Markdown: a table for each condition, and what was wanted.
func (all results) report(history int) string {
	var b strings.Builder
	for _, c := range conditions {
		if !all.measured(c) {
			continue
		}
		fmt.Fprintf(&b, "**%s**\n\n%s\n", c, all.table(c, history))
	}
	fmt.Fprintf(&b, "```\n%s```\n", all.verdicts())
	return b.String()
}

func (all results) measured(c condition) bool {
	return slices.ContainsFunc(all.names, func(name string) bool { return len(all.runs[name][c]) > 0 })
}

// table has medians, between brackets the lowest and the highest run, and for the
// peers how many times ours it is.
func (all results) table(c condition, history int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "|  | %s |\n| --- |%s\n", strings.Join(all.names, " | "), strings.Repeat(" ---: |", len(all.names)))
	for f, title := range titles(history) {
		row := make([]string, len(all.names))
		known := false
		for i, name := range all.names {
			row[i] = all.cell(name, c, figure(f))
			known = known || row[i] != ""
		}
		if known {
			fmt.Fprintf(&b, "| %s | %s |\n", title, strings.Join(row, " | "))
		}
	}
	return b.String()
}

func (all results) cell(name string, c condition, f figure) string {
	v := all.sorted(name, c, f)
	if len(v) == 0 {
		return ""
	}
	text := number(median(v))
	if len(v) > 1 && v[0] != v[len(v)-1] {
		text += fmt.Sprintf(" (%s–%s)", number(v[0]), number(v[len(v)-1]))
	}
	ours := all.median(all.reference(), c, f)
	if !strings.HasPrefix(name, "ours") && name != noWidget && ours > 0 {
		text += fmt.Sprintf(", ×%.1f", median(v)/ours)
	}
	return text
}

// number has about three digits, and commas.
func number(v float64) string {
	switch {
	case v == math.Trunc(v) && math.Abs(v) < 1000:
		return strconv.Itoa(int(v))
	case v < 1:
		return fmt.Sprintf("%.3f", v)
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

// verdicts say which of the targets each of our builds meets.
func (all results) verdicts() string {
	var b strings.Builder
	for _, name := range all.names {
		if !strings.HasPrefix(name, "ours") {
			continue
		}
		alone := all.median(noWidget, slowCPU, blocking)
		for _, t := range []struct {
			what      string
			got, most float64
		}{
			{"KB before the click", all.median(name, plain, bytesBefore), 5.12},
			{"ms of blocking time before the click at 4x CPU, more than without a widget", all.median(name, slowCPU, blocking) - alone, 0},
			{"layout shift before the click", all.median(name, slowCPU, shift), 0},
			{"ms to the painted panel at 4x CPU, a process for each site", all.median(name, slowCPU, panelCold), 100},
			{"ms to the painted panel at 4x CPU, one process", all.median(name, slowPhone, panelCold), 100},
			{"ms to a composer, warm", all.median(name, plain, composerWarm), 300},
			{"ms to a composer at 4x CPU, a process for each site, warm", all.median(name, slowCPU, composerWarm), 300},
			{"ms to a composer at 4x CPU, one process, warm", all.median(name, slowPhone, composerWarm), 300},
			{"ms to a live socket on Slow 4G, cold", all.median(name, slowNet, liveCold), 3000},
			{"ms to a live socket, warm", all.median(name, plain, liveWarm), 500},
			{"MB of memory with the panel open", all.median(name, plain, opened), 30},
			{"MB of memory after many messages", all.median(name, plain, soaked), 30},
			{"ms for one message more", all.median(name, plain, oneMore), 8},
		} {
			met := "not met"
			switch {
			case math.IsNaN(t.got):
				met = "unknown"
			case t.got <= t.most:
				met = "met    "
			}
			fmt.Fprintf(&b, "%s  %s: %s: %.4g, at most %g wanted\n", met, name, t.what, t.got, t.most)
		}
	}
	return b.String()
}
