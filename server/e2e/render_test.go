package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"chatbot/widget/wire"
)

// watchTasks takes down how long each long task of the frame was, and when each
// picture was drawn.
const watchTasks = `(() => {
	window.tasks = [];
	new PerformanceObserver(list => list.getEntries().forEach(e => tasks.push(e.duration))).observe({ type: "longtask" });
	window.frames = [];
	const draw = at => { frames.push(at); requestAnimationFrame(draw) };
	requestAnimationFrame(draw);
	return true;
})()`

func (p *panel) watchTasks() { p.v.t.Helper(); evalIn[bool](p.v, p.target, watchTasks) }

func (p *panel) longestTask() float64 {
	p.v.t.Helper()
	return evalIn[float64](p.v, p.target, `Math.max(0, ...tasks)`)
}

// busy is for how long the frame's main thread has worked, in milliseconds.
func (p *panel) busy() float64 {
	p.v.t.Helper()
	result, err := chromedp.Call(p.target, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		p.v.fail(err)
	}
	total := 0.0
	for _, m := range result.Metrics {
		switch m.Name {
		case "ScriptDuration", "LayoutDuration", "RecalcStyleDuration":
			total += m.Value * 1000
		}
	}
	return total
}

// fill brings n messages of somebody else into a chat.
func (w *world) fill(p *panel, n int) {
	w.t.Helper()
	conversation, _ := p.token()
	for i := range n {
		text := fmt.Sprintf("Message %d of %d, with as many words as messages have", i+1, n)
		w.asAgent(conversation, text)
		if (i+1)%100 == 0 || i == n-1 {
			p.untilSaid(text)
		}
	}
}

// BenchmarkOneMore measures what one more message costs the frame's main thread,
// script, style and layout together, with few and with many before it.
func BenchmarkOneMore(b *testing.B) {
	for _, n := range []int{100, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b)
			ann, p := w.chatting()
			ann.live("reverb")
			w.fill(p, n)
			if _, err := chromedp.Call(p.target, performance.Enable, performance.EnableParams{}); err != nil {
				ann.fail(err)
			}
			conversation, _ := p.token()
			const more = 50
			var took float64
			for b.Loop() {
				before := p.busy()
				pace := time.NewTicker(100 * time.Millisecond) // nothing is asked of the frame meanwhile
				for i := range more {
					w.asAgent(conversation, fmt.Sprintf("One more, the %d.", i))
					<-pace.C
				}
				pace.Stop()
				took += p.busy() - before
				p.untilSaid(fmt.Sprintf("One more, the %d.", more-1))
			}
			b.ReportMetric(took/float64(more*b.N), "ms/message")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkBurst brings 1,000 messages into a chat as fast as the server takes
// them, and reports for how long at most the frame did not answer meanwhile.
func BenchmarkBurst(b *testing.B) {
	const messages, writers = 1000, 8
	for b.Loop() {
		w := newWorld(b)
		w.gate.runBefore(keepGo)
		ann, p := w.chatting()
		ann.live("reverb")
		p.watchTasks()
		conversation, _ := p.token()
		began := time.Now()
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				for k := range messages / writers {
					w.asAgent(conversation, fmt.Sprintf("Message %d of writer %d", k, i))
				}
			})
		}
		group.Wait()
		w.asAgent(conversation, "The last one")
		sent := time.Since(began)
		p.untilSaid("The last one")
		b.ReportMetric(float64(sent.Milliseconds()), "ms-to-send")
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms-to-show")
		b.ReportMetric(p.longestTask(), "longest-task-ms")
		b.ReportMetric(p.holds().Memory/1e6, "wasm-MB")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkMemory brings 10,000 messages into one page, and reports what the
// program and the heap of JavaScript hold after each quarter.
func BenchmarkMemory(b *testing.B) {
	const messages = 10_000
	for b.Loop() {
		w := newWorld(b)
		w.gate.runBefore(keepGo)
		ann, p := w.chatting()
		ann.live("reverb")
		for quarter := 1; quarter <= 4; quarter++ {
			w.fill(p, messages/4)
			h := p.holds()
			b.ReportMetric(h.Memory/1e6, fmt.Sprintf("wasm-MB-after-%d", quarter*messages/4))
			b.ReportMetric(h.Heap/1e6, fmt.Sprintf("heap-MB-after-%d", quarter*messages/4))
		}
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkStreaming has an answer written at 50 words a second below 500
// messages, and reports how many pictures a second were drawn meanwhile, the
// longest wait for one, and the longest task.
func BenchmarkStreaming(b *testing.B) {
	w := newWorld(b)
	ann, p := w.chatting()
	ann.live("reverb")
	w.fill(p, 500)
	conversation, _ := p.token()
	for b.Loop() {
		p.watchTasks()
		x := w.writes(conversation, "Once")
		words := time.NewTicker(20 * time.Millisecond)
		for i := range 500 {
			<-words.C
			x.goOn([]string{" upon", " a", " time,", " **there**", " was", " a", " chat.\n\n"}[i%7])
		}
		words.Stop()
		x.end(wire.StatusComplete)
		p.until(`!document.querySelector('.writing')`)
		gaps := strings.TrimSpace(`(g => [g.length / g.reduce((a, b) => a + b, 0) * 1000, Math.max(...g)])(frames.slice(1).map((f, i) => f - frames[i]))`)
		drawn := evalIn[[]float64](ann, p.target, gaps)
		b.ReportMetric(drawn[0], "frames/s")
		b.ReportMetric(drawn[1], "longest-gap-ms")
		b.ReportMetric(p.longestTask(), "longest-task-ms")
	}
	b.ReportMetric(0, "ns/op")
}
