package pusher

import (
	"strings"
	"testing"
)

// Each bound of the queue holds by itself, and behind a goodbye nothing is
// queued any more.
func TestQueueBounds(t *testing.T) {
	event := must(encode(outgoing{Event: "x", Data: strings.Repeat("x", 1000)}))
	size := len(event.bytes)
	for name, l := range map[string]Limits{
		"frames": {QueueFrames: 5, QueueBytes: 1 << 30},
		"bytes":  {QueueFrames: 1 << 30, QueueBytes: 5*size + size/2},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Options{Apps: []App{{ID: "1", Key: "key", Secret: "secret"}}, Limits: l})
			c := fuzzConn(s, "1.1") // nothing takes its frames away
			for range 5 {
				c.send(event)
			}
			if len(c.queue) != 5 || c.isEnding() {
				t.Fatalf("%d of 5 events are queued", len(c.queue))
			}
			for range 3 {
				c.send(event)
			}
			if len(c.queue) != 2 || !c.queue[1].last {
				t.Errorf("%d frames are queued, want the error and the goodbye", len(c.queue))
			}
			if n := s.Stats().Drops["slow reader"]; n != 1 {
				t.Errorf("dropped %d times", n)
			}
			c.end("other", restarting)
			if len(c.queue) != 2 || s.Stats().Drops["other"] != 0 {
				t.Error("ended twice")
			}
		})
	}
}
