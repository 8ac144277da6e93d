package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"chatbot/server/config"
	"chatbot/widget/wire"
)

var soakMessages = flag.Int("soak", 20_000, "how many messages BenchmarkSoak brings into a chat")

// BenchmarkSoak measures what an open chat holds on to: half of the messages are
// the visitor's, written somewhere else, and half the bot's answers.
func BenchmarkSoak(b *testing.B) {
	w := newWorld(b, func(c *config.Serve) { c.RateMessages = 1_000_000 })
	w.gate.runBefore(keepGo)
	_, p := w.chatting()
	before := p.holds()
	for b.Loop() {
		w.flood(p, *soakMessages/2)
	}
	after := p.holds()
	b.ReportMetric(before.Values, "values-before")
	b.ReportMetric(after.Values, "values-after")
	b.ReportMetric(before.Heap/1e6, "heap-MB-before")
	b.ReportMetric(after.Heap/1e6, "heap-MB-after")
	b.ReportMetric(before.Memory/1e6, "wasm-MB-before")
	b.ReportMetric(after.Memory/1e6, "wasm-MB-after")
	b.ReportMetric(0, "ns/op")
}

// holding is what a chat's frame holds on to: JavaScript values that the program
// has, the heap of JavaScript in bytes, and the program's memory.
type holding struct{ Values, Heap, Memory float64 }

func (p *panel) holds() (h holding) {
	p.v.t.Helper()
	text := evalIn[string](p.v, p.target, `JSON.stringify({
		Values: theGo._values.filter(v => v != null).length,
		Heap: performance.memory.usedJSHeapSize,
		Memory: (theGo._inst.exports.memory || theGo._inst.exports.mem).buffer.byteLength,
	})`)
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		p.v.fail(err)
	}
	return h
}

// flood posts n messages into the chat by the API, and waits now and then until
// they have come.
func (w *world) flood(p *panel, n int) {
	w.t.Helper()
	conversation, token := p.token()
	for i := range n {
		text := fmt.Sprintf("Message %d of %d", i+1, n)
		if err := w.post(conversation, token, text); err != nil {
			w.t.Fatal(err)
		}
		if (i+1)%50 == 0 || i == n-1 {
			p.untilSaid(text)
		}
	}
}

func (w *world) post(conversation, token, text string) error {
	body, err := json.Marshal(wire.SendRequest{ClientID: strings.ReplaceAll(text, " ", "-"), Body: text})
	if err != nil {
		return err
	}
	r, err := http.NewRequest("POST", "http://"+w.app.Addr()+strings.Replace(wire.PathMessages, "{id}", conversation, 1), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s: %s", text, res.Status)
	}
	return nil
}
