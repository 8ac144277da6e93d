package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"chatbot/server/config"
)

// BenchmarkSendToRendered measures from the Enter key in one browser to the
// message standing in the document of a second one, in each of the ways that
// messages travel. Both browsers take the time from the same machine's clock.
func BenchmarkSendToRendered(b *testing.B) {
	for _, way := range []struct {
		name    string
		sockets bool
		change  func(*config.Serve)
		n       int
	}{
		{"socket", true, func(*config.Serve) {}, 100},
		{"long-poll", false, func(*config.Serve) {}, 100},
		{"poll-2s", false, func(c *config.Serve) { c.PollWait = 0 }, 20},
	} {
		b.Run(way.name, func(b *testing.B) {
			w := newWorld(b, way.change, func(c *config.Serve) { c.RateMessages = 100_000 })
			w.gate.block(!way.sockets)
			sender, reader := twoPeople(b, w, way.sockets)
			var took []time.Duration
			for b.Loop() {
				for i := range way.n {
					took = append(took, sendToRendered(sender, reader, fmt.Sprintf("message %d of %d", i, len(took))))
				}
			}
			slices.Sort(took)
			at := func(q float64) float64 {
				return float64(took[min(len(took)-1, int(q*float64(len(took))))].Microseconds()) / 1000
			}
			b.ReportMetric(at(.5), "p50-ms")
			b.ReportMetric(at(.99), "p99-ms")
			b.ReportMetric(float64(len(took)), "n")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// twoPeople brings two visitors into one conversation.
func twoPeople(t testing.TB, w *world, sockets bool) (sender, reader *panel) {
	t.Helper()
	ann, ben := newVisitor(t), newVisitor(t)
	ann.open(w.site.URL)
	sender = ann.openChat()
	sender.say("Hello")
	sender.untilAnswers(1)
	reader = ben.accept(sender.invite(), "Ben")
	reader.untilSaid("Hello")
	for _, v := range []*visitor{ann, ben} {
		if sockets {
			v.live("reverb")
		} else {
			v.live("polling")
		}
	}
	return sender, reader
}

// sendToRendered sends text and gives the time until it is drawn.
func sendToRendered(sender, reader *panel, text string) time.Duration {
	sender.v.t.Helper()
	const watch = `window.seen = 0; new MutationObserver((_, o) => {
		if (document.querySelector('[role=log]').textContent.includes(%[1]s)) { seen = performance.timeOrigin + performance.now(); o.disconnect() }
	}).observe(document.querySelector('[role=log]'), {subtree: true, childList: true, characterData: true}); true`
	evalIn[bool](reader.v, reader.target, fmt.Sprintf(watch, quote(text)))
	evalIn[bool](sender.v, sender.target, `(document.querySelector('textarea').addEventListener('keydown', () => { window.pressed = performance.timeOrigin + performance.now() }, {once: true, capture: true}), true)`)
	sender.say(text)
	reader.until(`window.seen > 0`)
	pressed := evalIn[float64](sender.v, sender.target, `pressed`)
	seen := evalIn[float64](reader.v, reader.target, `seen`)
	return time.Duration((seen - pressed) * float64(time.Millisecond))
}
