package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// browser is a visitor with the real widget in Chromium, on a page of another
// origin than the server's. The page itself does not pass the faulty link.
type browser struct {
	name  string
	site  *httptest.Server
	page  context.Context // the tab
	quit  func()
	frame context.Context // the chat's document; nil when it is to be looked for
	odd   oddities
	seen  map[int64]line // what stood in the log, by its place
}

const (
	// reloadPatience is how long a person looks at a page without a chat before
	// they reload it.
	reloadPatience = 10 * time.Second
	// lookEvery is the pace at which a condition in the browser is looked at.
	lookEvery = 20 * time.Millisecond
)

func newBrowser(name, server string) (*browser, error) {
	b := &browser{name: name, seen: map[int64]line{}}
	b.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>A site</title><link rel="icon" href="data:,"><h1>A site</h1><script async src="%s/chatbot-widget.js"></script></html>`, server)
	}))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("site-per-process", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-background-timer-throttling", true),
	)...)
	tab, cancel := chromedp.NewContext(allocator)
	b.page, b.quit = tab, func() { cancel(); stop(); b.site.Close() }
	if err := chromedp.Do(b.page); err != nil {
		b.quit()
		return nil, fmt.Errorf("the browser does not start; install the package 'chromium': %w", err)
	}
	return b, nil
}

// accept follows an invitation.
func (b *browser) accept(ctx context.Context, code string) error {
	if err := b.open(ctx, b.site.URL+"/#chatbot-invite="+code); err != nil {
		return err
	}
	if err := b.when(ctx, `document.querySelector('.card form')`); err != nil {
		return err
	}
	if _, err := inFrame[bool](ctx, b, `(document.querySelector('.card input').value = `+quote(b.name)+`, document.querySelector('.card button').click(), true)`); err != nil {
		return err
	}
	return b.when(ctx, `document.querySelector('[role=log] [data-seq="1"]')`)
}

// open goes to the page and opens the chat there. Where no chat comes, the page
// is loaded again, as a person would do.
func (b *browser) open(ctx context.Context, url string) error {
	return poll(ctx, func() (bool, error) {
		err := b.tryOpen(ctx, url)
		return err == nil, err
	})
}

func (b *browser) tryOpen(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, reloadPatience)
	defer cancel()
	b.frame = nil
	tab, end := within(ctx, b.page)
	defer end()
	if err := chromedp.Do(tab, chromedp.Navigate(url)); err != nil {
		return err
	}
	if err := poll(ctx, func() (bool, error) {
		return chromedp.Run(tab, chromedp.Evaluate[bool](`!!window.ChatbotWidget && (ChatbotWidget.open(), true)`))
	}); err != nil {
		return err
	}
	return b.when(ctx, `document.querySelector('textarea') && document.querySelector('#log')`)
}

// when waits for an expression to be true in the chat's document.
func (b *browser) when(ctx context.Context, js string) error {
	err := poll(ctx, func() (bool, error) { return inFrame[bool](ctx, b, `!!(`+js+`)`) })
	if err != nil {
		return fmt.Errorf("%s waited for %s: %w", b.name, js, err)
	}
	return nil
}

func (b *browser) write(ctx context.Context, text string) error {
	if err := b.when(ctx, fmt.Sprintf(`document.querySelectorAll('[role=log] .pending').length < %d && (document.querySelector('textarea').focus(), true)`, backlog)); err != nil {
		return err
	}
	frame, end := within(ctx, b.frame)
	defer end()
	if _, err := chromedp.Call(frame, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		return err
	}
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		enter := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
		if kind == input.DispatchKeyEventTypeKeyDown {
			enter.Text = "\r"
		}
		if _, err := chromedp.Call(frame, input.DispatchKeyEvent, enter); err != nil {
			return err
		}
	}
	return b.when(ctx, `[...document.querySelectorAll('[role=log] .mine .text')].some(e => e.textContent === `+quote(text)+`)`)
}

func (b *browser) until(ctx context.Context, seq int64) error {
	if err := poll(ctx, func() (bool, error) {
		seqs, err := inFrame[[]int64](ctx, b, `[...document.querySelectorAll('[role=log] [data-seq]')].map(e => +e.dataset.seq)`)
		if err != nil || len(seqs) == 0 {
			return false, err
		}
		b.look(seqs)
		return seqs[len(seqs)-1] >= seq, nil // one that is on its way stands at the end with 0
	}); err != nil {
		return err
	}
	return b.read(ctx)
}

// read takes down what stands in the log: the latest messages, and more after
// scrolling up.
func (b *browser) read(ctx context.Context) error {
	lines, err := inFrame[[]line](ctx, b, `[...document.querySelectorAll('[role=log] [data-seq]')].map(e => ({ seq: +e.dataset.seq, body: e.querySelector('.text').textContent, formatted: !!e.querySelector('.rich') }))`)
	for _, l := range lines {
		b.seen[l.Seq] = l
	}
	return err
}

// look checks a picture that a person gets.
func (b *browser) look(seqs []int64) {
	for i := 1; i < len(seqs) && seqs[i] != 0; i++ {
		switch {
		case seqs[i] == seqs[i-1]:
			b.odd.doubled++
		case seqs[i] != seqs[i-1]+1:
			b.odd.outOfOrder++
		}
	}
}

// restart reloads the page, whatever is on its way.
func (b *browser) restart(ctx context.Context) error { return b.open(ctx, b.site.URL) }

// scrollUp goes to the beginning of the log, and again when there is more before
// it. It comes from the middle, for who stays at the beginning does not scroll.
const scrollUp = `(log => {
	const first = +log.querySelector('[data-seq]').dataset.seq;
	if (first !== window.first || performance.now() > window.again) {
		window.first = first;
		window.again = performance.now() + 1000;
		log.scrollTop = -log.scrollHeight / 2;
		requestAnimationFrame(() => { log.scrollTop = -log.scrollHeight });
	}
	return first === 1;
})(document.querySelector('#log'))`

// shown is what was read at one time or another. Only where that leaves gaps, it
// scrolls up until the first message is there: thousands take minutes to draw.
func (b *browser) shown(ctx context.Context) ([]line, error) {
	if err := b.read(ctx); err != nil {
		return nil, err
	}
	last := int64(0)
	for seq := range b.seen {
		last = max(last, seq)
	}
	if int64(len(b.seen)) < last {
		if err := poll(ctx, func() (bool, error) {
			if err := b.read(ctx); err != nil { // what is far away is not in the document for long
				return false, err
			}
			return inFrame[bool](ctx, b, scrollUp)
		}); err != nil {
			return nil, fmt.Errorf("%w: %s", err, b.describe())
		}
		if err := b.read(ctx); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(b.seen), func(a, b line) int { return cmp.Compare(a.Seq, b.Seq) }), nil
}

func (b *browser) oddities() oddities { return b.odd }

func (b *browser) describe() string {
	ctx, cancel := context.WithTimeout(context.Background(), reloadPatience)
	defer cancel()
	state, err := inFrame[string](ctx, b, `document.querySelector('#app').innerText.slice(-500)`)
	if err != nil {
		state = err.Error()
	}
	return b.name + " shows at the end: " + strings.Join(strings.Fields(state), " ")
}

func (b *browser) close() { b.quit() }

// inFrame runs JavaScript in the chat's document, which is looked for first
// where it is not known: it is a process of its own, and a new one after a
// reload.
func inFrame[T any](ctx context.Context, b *browser, js string) (value T, err error) {
	if b.frame == nil {
		if err := b.find(); err != nil {
			return value, err
		}
	}
	frame, end := within(ctx, b.frame)
	defer end()
	value, err = chromedp.Run(frame, chromedp.Evaluate[T](js))
	return value, err
}

func (b *browser) find() error {
	targets, err := chromedp.Targets(b.page)
	if err != nil {
		return err
	}
	tab := chromedp.FromContext(b.page).Target.TargetID
	for _, info := range targets {
		if info.Type == "iframe" && string(info.ParentFrameID) == string(tab) && strings.Contains(info.URL, "chatbot-frame.html") {
			frame, _ := chromedp.NewContext(b.page, chromedp.WithTargetID(info.TargetID)) // ended with the page: to end it alone would close that
			if err := chromedp.Do(frame); err != nil {
				return err
			}
			b.frame = frame
			return nil
		}
	}
	return fmt.Errorf("%s has no chat on the page", b.name)
}

// within is the context of a target that ends when ctx does.
func within(ctx, target context.Context) (context.Context, func()) {
	limited, cancel := context.WithCancel(target)
	stop := context.AfterFunc(ctx, cancel)
	return limited, func() { stop(); cancel() }
}

// poll asks until the answer is yes. What fails meanwhile is told only if it
// never becomes yes.
func poll(ctx context.Context, holds func() (bool, error)) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		yes, err := holds()
		if yes && err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if err != nil && ctx.Err() != err {
				return fmt.Errorf("%w: %w", ctx.Err(), err)
			}
			return ctx.Err()
		}
	}
}

func quote(s string) string {
	encoded, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always can be
	}
	return string(encoded)
}
