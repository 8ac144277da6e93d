package pusher

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
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

// A receiver of webhooks that takes nothing costs no more than its queue.
func TestWebhookQueue(t *testing.T) {
	s := New(Options{Apps: []App{{ID: "1", Webhooks: []Webhook{{URL: "https://shop.example"}}}}})
	w := s.apps[0].hooks[0]
	w.sending = true // nothing takes the events away
	for range webhookQueue + 3 {
		s.apps[0].tell(hookEvent{Name: "channel_occupied", Channel: "x"})
	}
	if n := s.Stats().Drops["webhook queue"]; len(w.queue) != webhookQueue || n != 3 {
		t.Errorf("%d events wait, %d were dropped", len(w.queue), n)
	}
}

// What cache channels remember ends with its time, and is forgotten then.
func TestCacheTime(t *testing.T) {
	sh := &shard{cache: map[string]cached{}}
	event := encodeError(restarting)
	for i := range 1000 {
		now := time.Duration(i) * time.Minute
		sh.remember(fmt.Sprint(i), cached{frame: event, until: now + cacheTime}, now)
		if i > 20 && (sh.recall(fmt.Sprint(i-20), now).frame == nil || sh.recall(fmt.Sprint(i-20), now+10*time.Minute).frame != nil) {
			t.Fatalf("an event of %d minutes ago is not remembered for %s", 20, cacheTime)
		}
	}
	if len(sh.cache) > 200 {
		t.Errorf("%d are kept", len(sh.cache))
	}
}

// halfSocket tells in which order it was closed.
type halfSocket struct {
	memory
	closed chan string
}

func (h halfSocket) Close() error      { h.closed <- "both ways"; return nil }
func (h halfSocket) CloseWrite() error { h.closed <- "one way"; return nil }

// A client that is told goodbye may still answer: a socket closed at once would
// be reset by what it sends, and the goodbye lost.
func TestGoodbyeIsHeard(t *testing.T) {
	s := fuzzServer()
	c := fuzzConn(s, "1.1")
	h := halfSocket{memory{Reader: strings.NewReader("")}, make(chan string, 2)}
	c.use(h, nil)
	c.end("terminated", restarting)
	if first := <-h.closed; first != "one way" {
		t.Errorf("closed %s first", first)
	}
}

// Whoever was told goodbye is not listened to any more.
func TestNothingAfterGoodbye(t *testing.T) {
	subscribe := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(`{"event":"pusher:subscribe","data":{"channel":"news"}}`))))
	for _, ended := range []bool{false, true} {
		s := fuzzServer()
		c := fuzzConn(s, "1.1")
		c.use(memory{Reader: bytes.NewReader(subscribe)}, nil)
		c.refused = true // it was never counted
		if ended {
			c.end("terminated", restarting)
		}
		c.read()
		if n := len(c.subscriptions); n == 1 == ended {
			t.Errorf("ended: %t, subscribed to %d channels", ended, n)
		}
	}
}
