package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/assets"
	"chatbot/server/app"
)

// What is typed and sent while the program is on its way is kept, in its order,
// and so are text and focus when the program takes over.
func TestTypedWhileLoading(t *testing.T) {
	w := newWorld(t)
	release := w.gate.hold(".wasm")
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.say("The first")
	p.say("The second")
	v.write(p.target, "Not sent yet")
	p.until(logBox + `.querySelectorAll('.pending').length === 2`)
	v.shot("light-loading")
	release()
	p.untilAnswers(2)
	p.until(`document.activeElement.value === 'Not sent yet'`)
	if got := evalIn[string](v, p.target, `[...`+logBox+`.querySelectorAll('.mine .text')].map(e => e.textContent).join()`); got != "The first,The second" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// A returning visitor sees at once that there is something to come, and then
// the talk in its place.
func TestSkeleton(t *testing.T) {
	w := newWorld(t)
	v, _ := w.chatting()
	release := w.gate.hold("/messages")
	defer release()
	v.open(w.site.URL)
	p := v.openChat()
	p.until(logBox + `.querySelectorAll('.skeleton').length === 3`)
	v.shot("light-skeleton")
	release()
	p.untilSaid("Hello")
	p.until(`!document.querySelector('.skeleton')`)
}

// While the program streams in, the bar shows which part of it has come.
func TestProgress(t *testing.T) {
	w := newWorld(t)
	release := w.gate.hold(".wasm")
	defer release()
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	evalIn[bool](v, p.target, `(window.seen = [], new MutationObserver(() => seen.push(+document.querySelector('#progress').ariaValueNow)).observe(document.querySelector('#progress'), {attributes: true}), true)`)
	release()
	p.until(`document.querySelector('#progress').hidden && seen.length > 2`)
	if !evalIn[bool](v, p.target, `seen.every((n, i) => !i || n >= seen[i - 1]) && seen.some(n => n > 0 && n < 100) && seen.at(-1) === 100`) {
		t.Errorf("the bar went %v", evalIn[string](v, p.target, `seen.join()`))
	}
}

// A frame that cannot be loaded is explained, and Retry brings the chat when it
// can.
func TestFrameDoesNotLoad(t *testing.T) {
	w := newWorld(t)
	w.gate.deny("/chatbot-frame.html")
	v := newVisitor(t)
	v.open(w.site.URL)
	v.launch()
	v.until(root + `.querySelector('.notice')`)
	v.until(root + `.querySelector('.notice').getBoundingClientRect().height > 0`)
	v.shot("light-not-loaded")
	w.gate.deny("")
	eval[bool](v, `(`+root+`.querySelector('.notice button').click(), true)`)
	v.until(`!` + root + `.querySelector('.notice')`)
	p := &panel{v: v, target: v.frame()}
	p.until(`document.querySelector('#app .head')`)
	evalIn[bool](v, p.target, `(document.querySelector('textarea').focus(), true)`)
	p.say("Hello")
	p.untilAnswers(1)
}

// A program that dies is replaced, once, and the conversation goes on: what was
// being sent as well.
func TestProgramDies(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	evalIn[bool](v, p.target, `(window.old = true, chatbotHost.request = 1, true)`)
	eval[bool](v, `(ChatbotWidget.send('Thank you'), true)`) // the call it leads to kills the program
	p = &panel{v: v, target: v.otherFrame(p)}
	p.untilAnswers(2)
	p.untilSaid("Thank you")
	if n := evalIn[int](v, p.target, logBox+`.querySelectorAll('.mine').length`); n != 2 {
		t.Errorf("%d messages of the visitor's own, 2 were sent", n)
	}
}

// The exported files on a static host of another origin: the chat works from
// there.
func TestExported(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	if err := app.Export(dir, w.gate.url, io.Discard); err != nil {
		t.Fatal(err)
	}
	static := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer static.Close()
	w.setPage(fmt.Sprintf(`<script async src="%s/chatbot-widget.js"></script>`, strings.Replace(static.URL, "127.0.0.1", "localhost", 1)))
	v, p := w.chatting()
	v.live("reverb")
	folder := v.downloads()
	p.click(saveButton)
	if _, text := v.saved(folder); !strings.Contains(text, "    Hello\n") {
		t.Errorf("saved\n%s", text)
	}
	p.openPicker()
}

// The same program by Go's own compiler, without stand-ins and without any of
// the build's options.
func TestPlainBuild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plain.wasm")
	build := exec.Command("go", "build", "-o", file, "chatbot/widget")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	plain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.gate.swap(".wasm", plain)
	w.gate.swap(hashed(t, "wasm_exec.js"), goExec(t))
	v, p := w.chatting()
	v.live("reverb")
	w.gate.block(true)
	p.say("Thank you")
	p.untilAnswers(2)
	if problems := v.console.errors(); len(problems) > 0 && !strings.Contains(problems[0], "WebSocket") {
		t.Errorf("errors on the console: %q", problems)
	}
}

// hashed is the name of a file under which the frame asks for it.
func hashed(t testing.TB, source string) string {
	t.Helper()
	for name, f := range assets.Manifest() {
		if f.Source == source && f.Immutable {
			return name
		}
	}
	t.Fatal("the built widget has no " + source)
	return ""
}

// goExec is the script that goes with what Go's own compiler makes.
func goExec(t testing.TB) []byte {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// The page that lets a person watch: which way, the last latencies, and buttons
// to cut and restore the socket. On 127.0.0.1 it is a foreign page.
func TestTestPage(t *testing.T) {
	w := newWorld(t)
	v := newVisitor(t)
	v.open("http://" + strings.Replace(w.app.Addr(), "localhost", "127.0.0.1", 1) + "/chatbot-test.html")
	p := v.openChat()
	v.until(`state.realtimeProvider === 'reverb'`)
	p.say("Hello")
	p.untilAnswers(1)
	v.until(`document.querySelector('#provider').textContent === 'reverb' && document.querySelector('#connected').textContent === 'connected'`)
	v.until(`document.querySelectorAll('#latencies li').length >= 2`)
	v.until(`document.querySelector('#channel').textContent.startsWith('private-chat.conversation.')`)
	eval[bool](v, `(document.querySelector('#cut').click(), true)`)
	v.until(`document.querySelector('#provider').textContent === 'polling' && !state.realtimeConnected`)
	p.say("Thank you")
	p.untilAnswers(2)
	eval[bool](v, `(document.querySelector('#restore').click(), true)`)
	v.until(`document.querySelector('#provider').textContent === 'reverb' && state.realtimeConnected`)
	v.shot("test-page")
	eval[bool](v, `(document.querySelector('#reset').click(), true)`)
	v.until(`localStorage.length === 0 && state.channelSubscription === null`)
	p.until(logBox + `.childElementCount === 0`)
	if problems := v.console.errors(); len(problems) > 0 {
		t.Errorf("errors on the console: %q", problems)
	}
}
