package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// example are three rounds of each server.
func example() (p plan, ours, theirs named) {
	ours, theirs = named{name: "ours"}, named{name: "soketi"}
	for round := range 3 {
		var a, b result
		for figure := range a {
			a[figure], b[figure] = float64(1+round), float64(10*(3-round))
		}
		ours.rounds, theirs.rounds = append(ours.rounds, a), append(theirs.rounds, b)
	}
	return plan{idle: 10_000, subscribers: 1000, paced: time.Second}, ours, theirs
}

func TestTable(t *testing.T) {
	p, ours, theirs := example()
	text := table(p, ours, theirs)
	if rows := strings.Count(text, "\n"); rows != 2+int(figures) {
		t.Errorf("%d rows: %s", rows, text)
	}
	for _, want := range []string{
		"|  | ours | soketi | ratio |\n| --- | ---: | ---: | ---: |\n",
		"at 5,000 | 2.00 (1.00–3.00) | 20.0 (10.0–30.0) | 0.10 |\n",
		"to 1,000 subscribers",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q: %s", want, text)
		}
	}
	if one := table(p, named{"server", ours.rounds[:1]}); !strings.Contains(one, "at 5,000 | 1.00 |\n") {
		t.Errorf("of one server: %s", one)
	}
}

func TestVerdicts(t *testing.T) {
	_, ours, theirs := example()
	if text := verdicts(ours, theirs); strings.Count(text, "\nmet ")+strings.Count(text, "not met") != 2 || strings.Contains(text, "not met") {
		t.Error(text)
	}
	if text := verdicts(theirs, ours); strings.Count(text, "not met") != 3 {
		t.Error(text)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0.4: "0.40", 9.999: "10.00", 12.34: "12.3", 999.6: "1,000", 1234567: "1,234,567"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}

// The plot is well-formed, and stays within its frame.
func TestPlot(t *testing.T) {
	picture := plot(example())
	for decoder := xml.NewDecoder(strings.NewReader(string(picture))); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v: %s", err, picture)
		}
	}
	if n := strings.Count(string(picture), "<rect"); n != 1+2*6 {
		t.Errorf("%d bars", n-1)
	}
}
