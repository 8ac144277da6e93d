package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// patience bounds every wait for the browser. It is long because machines are
// slow; a wait ends the moment its condition holds.
const patience = 30 * time.Second

// shared is the one Chromium that all tests use, each in a context of its own.
var shared context.Context

func TestMain(m *testing.M) {
	os.Exit(withChromium(m.Run))
}

func withChromium(run func() int) int {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("site-per-process", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-background-timer-throttling", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "Chromium does not start; install the package 'chromium':", err)
		return 1
	}
	shared = ctx
	return run()
}

// visitor is a person with a browser window of their own: no storage shared
// with any other.
type visitor struct {
	t    testing.TB
	page context.Context
	// console collects what the page's console shows, complaints what is an
	// error there.
	console *lines
}

func newVisitor(t testing.TB) *visitor {
	t.Helper()
	v := &visitor{t: t, console: &lines{}}
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithNewBrowserContext(), chromedp.WithListener(v.console.listen))
	t.Cleanup(cancel)
	v.page = ctx
	if err := chromedp.Do(ctx); err != nil { // without a time limit: this starts the tab
		t.Fatal(err)
	}
	v.do(chromedp.EmulateViewport(1280, 800))
	return v
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.page, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.fail(err)
	}
}

// fail ends the test with a picture of what the person saw.
func (v *visitor) fail(why any) {
	v.t.Helper()
	v.shot("failed-" + strings.ReplaceAll(v.t.Name(), "/", "-"))
	v.t.Fatalf("%v\nconsole:\n%s", why, v.console)
}

func (v *visitor) open(url string) { v.t.Helper(); v.do(chromedp.Navigate(url)) }

// eval runs JavaScript in the page and gives its value.
func eval[T any](v *visitor, js string) T {
	v.t.Helper()
	return evalIn[T](v, v.page, js)
}

func evalIn[T any](v *visitor, in context.Context, js string) T {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(in, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		v.fail(fmt.Errorf("%s: %w", js, err))
	}
	return value
}

// until waits for an expression to be true in the page.
func (v *visitor) until(js string) { v.t.Helper(); v.untilIn(v.page, js) }

func (v *visitor) untilIn(in context.Context, js string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(in, patience)
	defer cancel()
	// Asked from here and not by a loop in the page, which a strict
	// Content-Security-Policy would forbid.
	guarded := chromedp.Evaluate[bool](fmt.Sprintf("(() => { try { return !!(%s) } catch (e) { return false } })()", js))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		holds, err := chromedp.Run(ctx, guarded)
		if holds {
			return
		}
		if ctx.Err() != nil {
			v.fail(fmt.Errorf("waited %s for %s: %v", patience, js, err))
		}
		<-tick.C
	}
}

// frame is the chat's document. It is a process of its own, so it is a target
// of its own.
func (v *visitor) frame() context.Context { v.t.Helper(); return v.frameBut("") }

// otherFrame is the one that has taken the place of p's.
func (v *visitor) otherFrame(p *panel) context.Context {
	v.t.Helper()
	return v.frameBut(chromedp.FromContext(p.target).Target.TargetID)
}

func (v *visitor) frameBut(old target.ID) context.Context {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	tab := chromedp.FromContext(v.page)
	for {
		targets, err := chromedp.Targets(v.page)
		if err != nil {
			v.fail(err)
		}
		for _, info := range targets {
			if info.TargetID != old && info.Type == "iframe" && string(info.ParentFrameID) == string(tab.Target.TargetID) && strings.Contains(info.URL, "chatbot-frame.html") {
				ctx, cancel := chromedp.NewContext(v.page, chromedp.WithTargetID(info.TargetID), chromedp.WithListener(v.console.listen))
				v.t.Cleanup(cancel)
				if err := chromedp.Do(ctx); err != nil {
					v.fail(err)
				}
				return ctx
			}
		}
		if time.Now().After(deadline) {
			v.fail("no chat frame appeared")
		}
		<-tick.C
	}
}

// key is one key of a keyboard.
type key struct {
	name, text string
	code       int64
	modifiers  int64
}

var (
	enter      = key{name: "Enter", text: "\r", code: 13}
	shiftEnter = key{name: "Enter", text: "\r", code: 13, modifiers: 8}
	escape     = key{name: "Escape", code: 27}
	tab        = key{name: "Tab", code: 9}
	space      = key{name: " ", text: " ", code: 32}
)

// press sends keys to whatever has the focus in the target.
func (v *visitor) press(in context.Context, keys ...key) {
	v.t.Helper()
	for _, k := range keys {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: k.name, Code: k.name, WindowsVirtualKeyCode: k.code, Modifiers: k.modifiers}
		if k.text != "" {
			down.Type, down.Text = input.DispatchKeyEventTypeKeyDown, k.text
		}
		up := down
		up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
		for _, event := range []input.DispatchKeyEventParams{down, up} {
			if _, err := chromedp.Call(in, input.DispatchKeyEvent, event); err != nil {
				v.fail(err)
			}
		}
	}
}

// write types text into whatever has the focus in the target.
func (v *visitor) write(in context.Context, text string) {
	v.t.Helper()
	if _, err := chromedp.Call(in, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		v.fail(err)
	}
}

// shot writes a screenshot for people to look at.
func (v *visitor) shot(name string) {
	ctx, cancel := context.WithTimeout(v.page, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		v.t.Logf("screenshot %s: %v", name, err)
		return
	}
	if err := os.MkdirAll("screenshots", 0o755); err != nil {
		v.t.Log(err)
		return
	}
	if err := os.WriteFile(filepath.Join("screenshots", name+".png"), png, 0o644); err != nil {
		v.t.Log(err)
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
