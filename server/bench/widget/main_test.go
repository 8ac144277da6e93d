package main

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	b := bench{widgets: []widget{{name: byGo}, {name: "other"}, {name: noWidget}}}
	if b.choose("Go|no", ""); len(b.widgets) != 2 || b.widgets[1].name != noWidget || len(b.at) != len(conditions) {
		t.Error(b.widgets, b.at)
	}
	b = bench{widgets: []widget{{name: byGo}, {name: byTinyGo}, {name: noWidget}}}
	b.choose("ours", "CPU 4x")
	if len(b.widgets) != 2 || b.widgets[1].name != byTinyGo {
		t.Error(b.widgets)
	}
	if !slices.Equal(b.at, []condition{slowCPU, slowPhone, slowBoth}) {
		t.Error(b.at)
	}
	if b.choose("", "nowhere"); len(b.at) != 0 || b.run(t.Context()) == nil {
		t.Error("a run under no condition at all")
	}
}
