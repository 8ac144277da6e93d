package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// patience bounds every wait for the browser; a wait ends the moment its
// condition holds.
const patience = time.Minute

// browser is a Chromium with a profile of its own, and so with an empty cache.
// It speaks the DevTools protocol itself: chromedp has no way to a frame that is
// still waiting for its document, which is when it must be slowed down.
type browser struct {
	command *exec.Cmd
	profile string
	conn    *websocket.Conn
	ended   context.CancelCauseFunc
	ctx     context.Context
	cpu     float64 // how many times slower pages and frames run
	script  string  // put before the scripts of each document
	chat    string  // the origin of our frame; empty for peers

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	traffic traffic
	page    string        // the request for the page itself
	frames  []*session    // of our chat
	changed chan struct{} // closed when a frame has come, and made anew
}

// traffic is what was asked for since it was last set to zero, but for documents
// of the page itself.
type traffic struct {
	requests int
	bytes    float64
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// session is a page, or a document of a frame.
type session struct {
	browser *browser
	id      string
	context int // of a frame's scripts; zero is the page's own
}

// isolation are Chromium's flags for giving each site a process, as it does on a
// desktop, or having page and frame in one, as on a phone: see "Process Model and
// Site Isolation" in Chromium's documentation. There a chat's site would have a
// process of its own only if the visitor had given it a password.
func isolation(isolated bool) []string {
	if isolated {
		return []string{"--site-per-process", "--disable-features=BackForwardCache"}
	}
	return []string{"--disable-site-isolation-trials", "--disable-features=BackForwardCache,IsolateOrigins,site-per-process"}
}

func startBrowser(ctx context.Context, c condition, script, chat string) (*browser, error) {
	name, err := findChromium()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "chatbot-bench-")
	if err != nil {
		return nil, err
	}
	b := &browser{profile: profile, cpu: c.cpu, script: script, chat: chat, waiting: map[int]chan reply{}, changed: make(chan struct{})}
	b.ctx, b.ended = context.WithCancelCause(ctx)
	b.command = exec.CommandContext(ctx, name, append(isolation(c.isolated), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--mute-audio",
		"--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-extensions", "--disable-default-apps", "--disable-renderer-backgrounding", "--disable-background-timer-throttling",
		"--disable-backgrounding-occluded-windows", "--window-size=1280,800",
		"--remote-debugging-port=0", "--user-data-dir="+profile, "about:blank")...)
	said, err := b.command.StderrPipe()
	if err == nil {
		err = b.command.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(profile))
	}
	address, err := devTools(said)
	if err == nil {
		b.conn, _, err = websocket.Dial(ctx, address, nil)
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("the browser does not start: %w", err)
	}
	b.conn.SetReadLimit(-1)
	go b.read()
	return b, nil
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("there is no Chromium; install the package 'chromium'")
}

// devTools reads the address at which Chromium can be spoken to, and goes on
// reading so that it never waits to say something.
func devTools(said io.ReadCloser) (string, error) {
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "DevTools listening on "); ok {
			go io.Copy(io.Discard, said)
			return address, nil
		}
	}
	return "", errors.Join(errors.New("it ended"), lines.Err())
}

func (b *browser) close() {
	b.ended(errors.New("the browser was closed"))
	if b.conn != nil {
		b.conn.CloseNow()
	}
	b.command.Process.Kill()
	b.command.Wait()
	os.RemoveAll(b.profile)
}

// open gives a page at which nothing has been loaded yet.
func (b *browser) open() (*session, error) {
	whole := &session{browser: b}
	var target struct{ TargetID string }
	if err := whole.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	var attached struct{ SessionID string }
	if err := whole.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return nil, err
	}
	page := &session{browser: b, id: attached.SessionID}
	return page, page.prepare("page")
}

// command is one of the protocol, and where its result goes if that is not nil.
type command struct {
	method         string
	params, result any
}

// prepare slows a page or a frame down and has it watched, and then lets it go
// on. Other targets just go on. All is said at once: the target stands still
// until the last word.
func (s *session) prepare(kind string) error {
	steps := []command{{method: "Network.enable"}}
	if kind == "page" || kind == "iframe" {
		steps = append(steps,
			command{method: "Page.enable"},
			command{method: "Runtime.enable"},
			command{method: "Page.addScriptToEvaluateOnNewDocument", params: map[string]any{"source": s.browser.script}},
			command{method: "Performance.enable"},
			command{method: "Emulation.setCPUThrottlingRate", params: map[string]any{"rate": s.browser.cpu}},
			command{method: "Target.setAutoAttach", params: map[string]any{"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true}},
		)
	}
	return s.calls(append(steps, command{method: "Runtime.runIfWaitingForDebugger"}))
}

// call sends a command and waits for the answer, which goes into result if that
// is not nil.
func (s *session) call(method string, params, result any) error {
	return s.calls([]command{{method, params, result}})
}

// calls sends commands one after another, and then waits for their answers.
func (s *session) calls(commands []command) error {
	ctx, cancel := context.WithTimeout(s.browser.ctx, patience)
	defer cancel()
	var waits []func() error
	for _, c := range commands {
		wait, err := s.send(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.method, err)
		}
		waits = append(waits, wait)
	}
	for i, wait := range waits {
		if err := wait(); err != nil {
			return fmt.Errorf("%s: %w", commands[i].method, err)
		}
	}
	return nil
}

// send sends a command and gives what waits for its answer.
func (s *session) send(ctx context.Context, c command) (wait func() error, err error) {
	b := s.browser
	answer := make(chan reply, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	message := map[string]any{"id": id, "method": c.method}
	if s.id != "" {
		message["sessionId"] = s.id
	}
	if c.params != nil {
		message["params"] = c.params
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if err := b.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return nil, err
	}
	return func() error {
		select {
		case r := <-answer:
			if r.Error != nil {
				return errors.New(r.Error.Message)
			}
			if c.result == nil {
				return nil
			}
			return json.Unmarshal(r.Result, c.result)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}, nil
}

// eval gives the value of an expression.
func eval[T any](s *session, js string) (value T, err error) {
	var answer struct {
		Result struct {
			Value json.RawMessage
		}
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	params := map[string]any{"expression": js, "returnByValue": true, "awaitPromise": true}
	if s.context != 0 {
		params["contextId"] = s.context
	}
	err = s.call("Runtime.evaluate", params, &answer)
	if err != nil {
		return value, err
	}
	if answer.ExceptionDetails != nil {
		return value, fmt.Errorf("%s: %s", js, answer.ExceptionDetails.Exception.Description)
	}
	if len(answer.Result.Value) == 0 {
		return value, nil // undefined
	}
	return value, json.Unmarshal(answer.Result.Value, &value)
}

// until waits for an expression to be true. An error counts as false: what it
// speaks of may not be there yet.
func (s *session) until(js string) error {
	guarded := "(() => { try { return !!(" + js + ") } catch { return false } })()"
	deadline := time.Now().Add(patience)
	for {
		holds, err := eval[bool](s, guarded)
		if holds || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s for %s", patience, js)
		}
		if err := pause(s.browser.ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// frame waits for a frame of our chat, after those known before.
func (b *browser) frame(before int) (*session, error) {
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		changed := b.changed
		frames := b.frames[before:]
		b.mu.Unlock()
		if len(frames) > 0 {
			return frames[0], nil
		}
		select {
		case <-changed:
		case <-deadline:
			return nil, errors.New("no frame of the chat has come")
		case <-b.ctx.Done():
			return nil, context.Cause(b.ctx)
		}
	}
}

func (b *browser) framesSoFar() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.frames)
}

// read takes what the browser says until it ends.
func (b *browser) read() {
	for {
		_, text, err := b.conn.Read(b.ctx)
		if err != nil {
			b.ended(err)
			return
		}
		var m struct {
			ID        int             `json:"id"`
			Method    string          `json:"method"`
			SessionID string          `json:"sessionId"`
			Params    json.RawMessage `json:"params"`
			reply
		}
		if err := json.Unmarshal(text, &m); err != nil {
			b.ended(err)
			return
		}
		if m.ID == 0 {
			b.heed(m.SessionID, m.Method, m.Params)
			continue
		}
		b.mu.Lock()
		if answer, ok := b.waiting[m.ID]; ok {
			answer <- m.reply
			delete(b.waiting, m.ID)
		}
		b.mu.Unlock()
	}
}

// heed takes an event of a session.
func (b *browser) heed(in, method string, params json.RawMessage) {
	var e struct {
		SessionID  string
		TargetInfo struct{ Type string }
		Context    struct {
			ID     int
			Origin string
		}
		Type      string
		Request   struct{ URL string }
		RequestID string

		EncodedDataLength float64
	}
	if json.Unmarshal(params, &e) != nil {
		return // an event of another form, which nothing here is about
	}
	switch method {
	case "Target.attachedToTarget":
		attached := &session{browser: b, id: e.SessionID}
		go attached.prepare(e.TargetInfo.Type) // an error says that it has gone
	case "Runtime.executionContextCreated":
		if b.chat == "" || e.Context.Origin != b.chat {
			return
		}
		b.mu.Lock()
		b.frames = append(b.frames, &session{browser: b, id: in, context: e.Context.ID})
		close(b.changed)
		b.changed = make(chan struct{})
		b.mu.Unlock()
	case "Network.requestWillBeSent":
		b.mu.Lock()
		if e.Type == "Document" && b.traffic.requests == 0 {
			b.page = e.RequestID
		} else if strings.HasPrefix(e.Request.URL, "http") {
			b.traffic.requests++
		}
		b.mu.Unlock()
	case "Network.loadingFinished":
		b.mu.Lock()
		if e.RequestID != b.page {
			b.traffic.bytes += e.EncodedDataLength
		}
		b.mu.Unlock()
	}
}

// taken gives the traffic since it was last asked for.
func (b *browser) taken() traffic {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.traffic
	b.traffic = traffic{}
	return t
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
