package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"chatbot/widget/wire"
)

//go:embed watch.js
var watchScript string

// The pauses of a person who has come to chat.
const (
	// hover is how long the pointer is over the launcher before it is pressed.
	hover = 200 * time.Millisecond
	// rest is how long a page that is known already is looked at before that.
	rest = time.Second
)

// visit is a page with one of the widgets, in a browser of its own.
type visit struct {
	widget  widget
	browser *browser
	page    *session
	url     string
	server  string // ours, as visitors reach it; empty for peers
	known   int    // frames from before the page was loaded
	close   func()
}

// begin sets everything up; nothing has been loaded yet.
func begin(ctx context.Context, w widget, s *site, c condition) (*visit, error) {
	l := newLink(c.network)
	v := &visit{widget: w, close: l.close}
	port, err := l.lead(s.address)
	if err != nil {
		return nil, err
	}
	v.url = fmt.Sprintf("http://127.0.0.1:%d/", port)
	tag := w.tag
	if w.binary != "" {
		if err := v.serve(ctx, l); err != nil {
			v.close()
			return nil, err
		}
		tag = fmt.Sprintf(tag, v.server)
	}
	s.carry(tag)
	v.browser, err = startBrowser(ctx, c, strings.Replace(watchScript, "WANTED", w.wanted, 1), v.server)
	if err != nil {
		v.close()
		return nil, err
	}
	rest := v.close
	v.close = func() { v.browser.close(); rest() }
	if v.page, err = v.browser.open(); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

// serve starts our server behind the link.
func (v *visit) serve(ctx context.Context, l *link) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	port, err := l.lead(address)
	if err != nil {
		return err
	}
	v.server = fmt.Sprintf("http://localhost:%d", port)
	server, err := startServer(ctx, v.widget.binary, address, v.server)
	if err != nil {
		return err
	}
	v.close = func() { server.stop(); l.close() }
	return nil
}

// seen is what watch.js has noted in a document.
type seen struct {
	Long    []float64
	Shift   float64
	Clicked float64
	Seen    struct{ Launcher, Panel, Composer, Live float64 }
}

func look(s *session) (seen, error) { return eval[seen](s, "benchWatch") }

// arrive loads the page, looks at it for a while and notes what the widget has
// cost by then.
func (v *visit) arrive(window time.Duration, r *result) error {
	if err := v.load(); err != nil {
		return err
	}
	if err := pause(v.browser.ctx, window); err != nil {
		return err
	}
	if err := v.cost(r); err != nil || v.widget.launcher == "" {
		return err
	}
	if err := v.page.until("benchWatch.seen.launcher"); err != nil {
		return err
	}
	saw, err := look(v.page)
	if err != nil {
		return err
	}
	requested, err := eval[float64](v.page, fmt.Sprintf("performance.timeOrigin + performance.getEntriesByType('resource').find(e => e.name.endsWith(%q)).startTime", v.widget.script))
	if err != nil {
		return err
	}
	r[launcher] = saw.Seen.Launcher - requested
	return err
}

// cost notes what the page had to do and to load so far.
func (v *visit) cost(r *result) error {
	saw, err := look(v.page)
	traffic := v.browser.taken()
	r[blocking], r[longTasks] = blocked(saw.Long), float64(len(saw.Long))
	r[shift] = saw.Shift
	r[bytesBefore], r[requests] = traffic.bytes/1000, float64(traffic.requests)
	return err
}

// blocked is how much longer than 50 ms tasks were: the time for which a visitor
// would have had to wait.
func blocked(tasks []float64) (sum float64) {
	for _, t := range tasks {
		sum += max(0, t-50)
	}
	return sum
}

func (v *visit) load() error {
	v.known = v.browser.framesSoFar()
	return v.page.call("Page.navigate", map[string]any{"url": v.url}, nil)
}

// click opens the chat as a person does, and notes after which time there is
// something to see, to write into, and a connection, each in its figure.
func (v *visit) click(r *result, panel, composer, live figure) error {
	if err := v.press(); err != nil {
		return err
	}
	inside, err := v.inside()
	if err != nil {
		return err
	}
	if v.server != "" {
		if err := v.page.until("benchWatch.seen.panel && benchWatch.seen.live"); err != nil {
			return err
		}
	}
	if err := inside.until("benchWatch.seen.panel && benchWatch.seen.composer"); err != nil {
		return err
	}
	outer, err := look(v.page)
	if err != nil {
		return err
	}
	inner, err := look(inside)
	if err != nil {
		return err
	}
	painted := max(outer.Seen.Panel, inner.Seen.Panel)
	r[panel] = painted - outer.Clicked
	r[composer] = max(painted, inner.Seen.Composer) - outer.Clicked
	if v.server != "" {
		r[live] = max(0, outer.Seen.Live-outer.Clicked) // the pointer's coming may have been enough
	}
	return nil
}

func (v *visit) press() error {
	at, err := eval[[]float64](v.page, fmt.Sprintf("benchWatch.centre(%q)", v.widget.launcher))
	if err != nil {
		return err
	}
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		event := map[string]any{"type": kind, "x": at[0], "y": at[1]}
		if kind != "mouseMoved" {
			event["button"], event["clickCount"] = "left", 1
		}
		if err := v.page.call("Input.dispatchMouseEvent", event, nil); err != nil {
			return err
		}
		if kind == "mouseMoved" {
			if err := pause(v.browser.ctx, hover); err != nil {
				return err
			}
		}
	}
	return nil
}

// again comes back to the page with everything in the browser's cache.
func (v *visit) again() error {
	if err := v.load(); err != nil {
		return err
	}
	if err := v.page.until("benchWatch.seen.launcher"); err != nil {
		return err
	}
	return pause(v.browser.ctx, rest)
}

// inside is where the chat lives: our frame, or the peer's page.
func (v *visit) inside() (*session, error) {
	if v.server == "" {
		return v.page, nil
	}
	return v.browser.frame(v.known)
}

// memory is the heap of JavaScript, after its garbage was collected, and the
// memory of a WebAssembly program, in MB.
func memory(s *session) (float64, error) {
	if err := s.call("HeapProfiler.collectGarbage", nil, nil); err != nil {
		return 0, err
	}
	var heap struct{ UsedSize float64 }
	if err := s.call("Runtime.getHeapUsage", nil, &heap); err != nil {
		return 0, err
	}
	program, err := eval[float64](s, "benchWatch.memory ? benchWatch.memory.buffer.byteLength : 0")
	return (heap.UsedSize + program) / 1e6, err
}

// endure brings messages into the open chat, half of them the bot's answers, and
// measures what the next ones cost.
func (v *visit) endure(history int, r *result) error {
	inside, err := v.inside()
	if err != nil {
		return err
	}
	if _, err := eval[bool](inside, "benchWatch.ended = true"); err != nil { // its looking would be measured
		return err
	}
	if _, err := eval[bool](v.page, "ChatbotWidget.send('Hello'), true"); err != nil {
		return err
	}
	if err := inside.until("document.querySelectorAll('[role=log] .theirs .text').length > 0"); err != nil {
		return err
	}
	for n := range history / 2 {
		if err := v.say(inside, n, (n+1)%50 == 0 || n == history/2-1); err != nil {
			return err
		}
	}
	if r[soaked], err = memory(inside); err != nil {
		return err
	}
	var costs []float64
	for n := range 20 {
		before, err := busy(inside)
		if err != nil {
			return err
		}
		if err := v.say(inside, history/2+n, true); err != nil {
			return err
		}
		if _, err := eval[bool](inside, "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"); err != nil {
			return err
		}
		after, err := busy(inside)
		if err != nil {
			return err
		}
		costs = append(costs, (after-before)/2) // a message and its answer
	}
	r[oneMore] = median(costs)
	return nil
}

// say posts a message from elsewhere, and waits for it where wanted.
func (v *visit) say(inside *session, n int, wait bool) error {
	saved, err := eval[struct{ ConversationID, Token string }](inside, "JSON.parse(chatbotHost.storage.get('conversation'))")
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Message number %d", n)
	body, err := json.Marshal(wire.SendRequest{ClientID: fmt.Sprintf("bench-%d", n), Body: text})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(v.browser.ctx, http.MethodPost, v.server+strings.Replace(wire.PathMessages, "{id}", saved.ConversationID, 1), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+saved.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusCreated {
		return errors.New(text + ": " + answer.Status)
	}
	if !wait {
		return nil
	}
	return inside.until(fmt.Sprintf(`(rows => rows.at(-1).matches('.theirs *') && rows.some(e => e.textContent === %q))([...document.querySelectorAll('[role=log] .text')].slice(-4))`, text))
}

// busy is for how many ms the main thread ran scripts, and found out how things
// look and where they stand.
func busy(s *session) (float64, error) {
	var answer struct {
		Metrics []struct {
			Name  string
			Value float64 // seconds
		}
	}
	if err := s.call("Performance.getMetrics", nil, &answer); err != nil {
		return 0, err
	}
	sum := 0.0
	for _, m := range answer.Metrics {
		switch m.Name {
		case "ScriptDuration", "LayoutDuration", "RecalcStyleDuration":
			sum += 1000 * m.Value
		}
	}
	return sum, nil
}
