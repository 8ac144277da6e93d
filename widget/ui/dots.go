package ui

import "chatbot/widget/wire"

// The dots appear only if somebody writes for a while, and then stay long
// enough to be seen. In milliseconds.
const (
	dotsPatience wire.Time = 200
	dotsStay     wire.Time = 300
)

// dots decides when the dots of somebody who is writing are seen. The zero
// value shows none.
type dots struct {
	visible bool
	since   wire.Time // when somebody began, or when the dots appeared
}

// step takes whether somebody writes at now, and gives the time at which to ask
// again, 0 where only news can change anything.
func (d *dots) step(writing bool, now wire.Time) (next wire.Time) {
	switch {
	case writing && !d.visible:
		if d.since == 0 {
			d.since = now
		}
		if now-d.since < dotsPatience {
			return d.since + dotsPatience
		}
		d.visible, d.since = true, now
	case !writing && d.visible:
		if now-d.since < dotsStay {
			return d.since + dotsStay
		}
		*d = dots{}
	case !writing:
		d.since = 0
	}
	return 0
}

// stop hides the dots at once: what was being written is there.
func (d *dots) stop() { *d = dots{} }
