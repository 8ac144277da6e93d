package main

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A lane takes its time for each byte, one after another, and none for having
// been idle.
func TestLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lane{rate: 8000} // 1,000 bytes a second
		start := time.Now()
		for i, want := range []time.Duration{100, 200, 300} {
			if got := l.pass(100, start).Sub(start); got != want*time.Millisecond {
				t.Errorf("parcel %d has passed after %s", i, got)
			}
		}
		time.Sleep(time.Second)
		if got := l.pass(100, start).Sub(start); got != 1100*time.Millisecond {
			t.Errorf("after a pause it has passed after %s", got)
		}
		if got := l.pass(0, start.Add(time.Minute)).Sub(start); got != time.Minute {
			t.Errorf("what sets out after a minute has passed after %s", got)
		}
	})
}

// What comes out of a link is what went in, in its time.
func TestPump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 10 * packet
		l := newLink(network{name: "test", down: 8 * packet, roundTrip: time.Second})
		near, browser := net.Pipe()
		server, far := net.Pipe()
		start := time.Now()
		go func() {
			l.pump(context.Background(), near, far, &l.lanes.down, start.Add(l.roundTrip))
			near.Close()
		}()
		go func() {
			server.Write(make([]byte, size))
			server.Close()
		}()
		got, err := io.ReadAll(browser)
		if err != nil || len(got) != size {
			t.Fatalf("%d bytes have come: %v", len(got), err)
		}
		// A round trip to open, a second for each packet, and half a round trip.
		if took := time.Since(start); took != 11*time.Second+500*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
}
