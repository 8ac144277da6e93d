package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// example has three runs of one of ours, one of another and of the page alone.
func example() results {
	all := newResults([]widget{{name: byTinyGo}, {name: "other"}, {name: noWidget}})
	for run := range 3 {
		for _, c := range conditions {
			ours, other, none := unknown(), unknown(), unknown()
			for f := range figures {
				ours[f] = float64(run)
				if f != liveCold && f != liveWarm && f != soaked && f != oneMore {
					other[f] = float64(10 * (run + 1))
				}
			}
			none[blocking] = 1
			all.add(byTinyGo, c, ours)
			all.add("other", c, other)
			all.add(noWidget, c, none)
		}
	}
	return all
}

func TestTable(t *testing.T) {
	text := example().table(plain, 5000)
	for _, want := range []string{
		"|  | ours, TinyGo | other | no widget |\n| --- | ---: | ---: | ---: |\n",
		"| ms of blocking time before the click | 1 (0–2) | 20 (10–30), ×20.0 | 1 |\n",
		"| ms from the click to a live socket, cold | 1 (0–2) |  |  |\n",
		"| MB of memory after 5,000 messages | 1 (0–2) |  |  |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q: %s", want, text)
		}
	}
	if empty := newResults([]widget{{name: byGo}}).table(plain, 1); strings.Count(empty, "\n") != 2 {
		t.Errorf("without figures: %s", empty)
	}
}

func TestVerdicts(t *testing.T) {
	all := example()
	text := all.verdicts()
	if strings.Count(text, "met      ours") != 12 || strings.Count(text, "not met  ours, TinyGo: layout shift") != 1 {
		t.Error(text)
	}
	if strings.Contains(text, "other") || strings.Contains(text, "unknown") {
		t.Error(text)
	}
	alone := newResults([]widget{{name: byGo}})
	if text := alone.verdicts(); strings.Count(text, "unknown  ") != 13 {
		t.Error(text)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.values); got != c.want {
			t.Errorf("of %v it is %v", c.values, got)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("of nothing there is a median")
	}
}

func TestBlocked(t *testing.T) {
	if got := blocked([]float64{51, 50, 250, 49}); got != 201 {
		t.Errorf("%v ms", got)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.25: "0.250", 4: "4", 4.56: "4.56", 45.67: "45.7", 999.6: "1,000", 1234567: "1,234,567"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}

func TestPlot(t *testing.T) {
	picture := example().plot()
	d := xml.NewDecoder(strings.NewReader(string(picture)))
	bars := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v: %s", err, picture)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	if want := 1 + len(panels)*2; bars != want { // the ground; live has one bar and blocking three
		t.Errorf("%d bars, want %d", bars, want)
	}
}

func TestReportOfSomeConditions(t *testing.T) {
	all := newResults([]widget{{name: byGo}})
	all.add(byGo, slowCPU, unknown())
	text := all.report(5000)
	if !strings.Contains(text, "**loopback, CPU 4x**") || strings.Count(text, "**") != 2 {
		t.Error(text)
	}
}
