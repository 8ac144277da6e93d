package ui

import (
	"testing"

	"chatbot/widget/wire"
)

func TestDots(t *testing.T) {
	type moment struct {
		at      wire.Time
		writing bool
		visible bool
		next    wire.Time
	}
	for name, moments := range map[string][]moment{
		"a short thought is not shown": {
			{1000, true, false, 1200}, {1199, true, false, 1200}, {1199, false, false, 0}, {1300, true, false, 1500},
		},
		"dots appear after 200 ms": {
			{1000, true, false, 1200}, {1200, true, true, 0}, {5000, true, true, 0},
		},
		"and stay at least 300 ms": {
			{1000, true, false, 1200}, {1200, true, true, 0}, {1250, false, true, 1500}, {1500, false, false, 0},
		},
		"and go at once when they were seen long enough": {
			{1000, true, false, 1200}, {1200, true, true, 0}, {1501, false, false, 0},
		},
		"a new thought before they are gone keeps them": {
			{1000, true, false, 1200}, {1200, true, true, 0}, {1250, false, true, 1500}, {1300, true, true, 0}, {1600, true, true, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var d dots
			for _, m := range moments {
				if next := d.step(m.writing, m.at); next != m.next || d.visible != m.visible {
					t.Errorf("at %d writing %v: visible %v, next %d; want %v, %d", m.at, m.writing, d.visible, next, m.visible, m.next)
				}
			}
		})
	}
}

func TestDotsStop(t *testing.T) {
	var d dots
	d.step(true, 1000)
	d.step(true, 1200)
	d.stop()
	if d.visible {
		t.Error("still visible although the message is there")
	}
	if next := d.step(true, 1210); d.visible || next != 1410 {
		t.Errorf("a new thought: visible %v, next %d", d.visible, next)
	}
}
