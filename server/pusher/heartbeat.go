package pusher

import (
	"sync"
	"time"

	"github.com/gobwas/ws"
)

var (
	pingEvent = sync.OnceValue(func() *frame { return encodeTwice("pusher:ping", "", struct{}{}) })
	pingFrame = controlFrame(ws.NewPingFrame(nil))
)

// heartbeat is a timer, no goroutine: there may be many thousands.
type heartbeat struct {
	*conn
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
	asked   time.Duration // when the client was pinged, 0 if it has been heard of since
}

// watch asks a silent client whether it lives, and closes if it does not
// answer. Any frame counts as an answer.
func (c *conn) watch() *heartbeat {
	h := &heartbeat{conn: c}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(h.beat(h.server.now()), h.check)
	return h
}

func (h *heartbeat) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.timer.Stop()
}

func (h *heartbeat) check() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if next := h.beat(h.server.now()); next > 0 && !h.stopped {
		h.timer.Reset(next)
	}
}

// beat does what is due and tells when to look again, 0 for never.
func (h *heartbeat) beat(now time.Duration) time.Duration {
	s, heard := h.server, time.Duration(h.lastRead.Load())
	if heard > h.asked {
		h.asked = 0
	}
	unused := s.UnusedTimeout > 0 && !h.used.Load()
	switch {
	case unused && now >= h.began+s.UnusedTimeout:
		h.end("unused", protocolError{Code: 4202, Message: "Closed after inactivity: the connection subscribed to nothing."})
		return 0
	case h.asked != 0 && now >= h.asked+s.PongTimeout:
		h.end("silent", protocolError{Code: 4201, Message: "No answer to the ping in time."})
		return 0
	case h.asked == 0 && now >= heard+s.ActivityTimeout:
		// Both, for there are clients that know only one. Browsers answer the
		// second by themselves.
		h.asked = now
		h.send(pingEvent())
		h.send(pingFrame)
	}
	next := heard + s.ActivityTimeout
	if h.asked != 0 {
		next = min(h.asked+s.PongTimeout, now+s.ActivityTimeout)
	}
	if unused {
		next = min(next, h.began+s.UnusedTimeout)
	}
	return max(next-now, time.Millisecond)
}
