package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatbot/server/config"
	"chatbot/widget/wire"
)

// mine are the visitor's own messages as they are shown.
func (p *panel) mine() string {
	p.v.t.Helper()
	return evalIn[string](p.v, p.target, `[...`+logBox+`.querySelectorAll('.mine .text')].map(e => e.textContent).join()`)
}

// The page is reloaded while a message is on its way: it arrives, once.
func TestReloadInFlight(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	v.live("reverb")
	release := w.gate.hold("/messages")
	p.say("Thank you")
	p.until(logBox + `.querySelector('.pending')`)
	v.open(w.site.URL)
	release()
	p = v.openChat()
	p.untilAnswers(2)
	if got := p.mine(); got != "Hello,Thank you" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// A browser that keeps nothing: the chat works, and says so.
func TestStorageBlocked(t *testing.T) {
	w := newWorld(t)
	w.gate.runBefore(`for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { configurable: true, get() { throw new DOMException("Access is denied", "SecurityError") } });`)
	v, p := w.chatting()
	p.until(`document.querySelector('.notice').textContent.includes('keeps nothing')`)
	v.shot("light-unsaved")
}

// The network goes without a word: the socket stays open and carries nothing.
// That is noticed within the activity timeout and ten seconds, and the visitor
// is on polling meanwhile.
func TestHalfOpenSocket(t *testing.T) {
	w := newWorld(t, func(c *config.Serve) { c.ActivityTimeout = 2 * time.Second })
	v, p := w.chatting()
	v.live("reverb")
	w.gate.freeze()
	frozen := time.Now()
	v.until(`!ChatbotWidget.state.realtimeConnected`)
	if took := time.Since(frozen); took > 15*time.Second {
		t.Errorf("noticed after %s", took)
	}
	p.say("Thank you")
	p.untilAnswers(2)
	v.live("reverb")
	if got := p.mine(); got != "Hello,Thank you" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// A page that comes back from the browser's back-forward cache catches up.
func TestBackForwardCache(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	v.live("reverb")
	_, b := p.join("Ben")
	eval[bool](v, `(window.addEventListener('pageshow', e => { window.persisted = e.persisted }), true)`)
	v.open(w.site.URL + "/other")
	b.say("While you were away")
	b.untilSaid("While you were away")
	eval[bool](v, `(setTimeout(() => history.back()), true)`)
	v.until(`ChatbotWidget.state.open`)
	if !eval[bool](v, `window.persisted === true`) {
		t.Log("the page was loaded anew")
	}
	p = &panel{v: v, target: v.frame()}
	p.untilSaid("While you were away")
	v.live("reverb")
}

// The server is down when the chat is opened for the first time: what is written
// waits, and goes out when the server is up.
func TestServerDownAtFirst(t *testing.T) {
	w := newWorld(t)
	w.gate.closeAPI(true)
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.say("Hello")
	p.until(logBox + `.querySelector('.pending')`)
	p.until(`/connecting/i.test(document.querySelector('.status').textContent)`)
	w.gate.closeAPI(false)
	p.untilAnswers(1)
	p.until(`document.querySelector('.status').textContent === ''`)
}

// A clock that is two days off, either way, changes nothing but the times.
func TestClockOff(t *testing.T) {
	for name, offset := range map[string]string{"ahead": "172800000", "behind": "-172800000"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gate.runBefore(strings.ReplaceAll(`{ const D = Date; window.Date = class extends D { constructor(...a) { a.length ? super(...a) : super(D.now() + OFFSET) } static now() { return D.now() + OFFSET } } };`, "OFFSET", offset))
			v := newVisitor(t)
			v.open(w.site.URL)
			p := v.openChat()
			p.say("Hello")
			p.untilAnswers(1)
			v.live("reverb")
			w.gate.shut(true)
			p.say("Thank you")
			p.until(logBox + `.querySelector('.pending')`)
			w.gate.shut(false)
			p.untilAnswers(2)
			if got := p.mine(); got != "Hello,Thank you" {
				t.Errorf("the visitor's own messages are %q", got)
			}
		})
	}
}

// A conversation that the site deletes ends for the visitor as one whose token is
// no longer good, without a message of theirs.
func TestDeletedConversation(t *testing.T) {
	w := newWorld(t)
	_, p := w.chatting()
	conversation, _ := p.token()
	w.asSite("DELETE", strings.Replace(wire.PathConversation, "{id}", conversation, 1), nil, nil)
	p.until(`document.querySelector('.notice').textContent.includes('ended')`)
	evalIn[bool](p.v, p.target, `(document.querySelector('.notice button').click(), true)`)
	p.say("Hello again")
	p.untilAnswers(1)
	if again, _ := p.token(); again == conversation {
		t.Error("it is the same conversation")
	}
}

// token is what the chat keeps to prove who the visitor is.
func (p *panel) token() (conversation, token string) {
	p.v.t.Helper()
	kept := evalIn[string](p.v, p.target, `chatbotHost.storage.get('conversation')`)
	var k struct{ ConversationID, Token string }
	if err := json.Unmarshal([]byte(kept), &k); err != nil || k.Token == "" {
		p.v.fail(fmt.Sprintf("%q: %v", kept, err))
	}
	return k.ConversationID, k.Token
}

// A token that is refused from now on leads to a clear choice, and what was not
// sent is kept.
func TestRevoked(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	conversation, token := p.token()
	r, err := http.NewRequest("DELETE", w.url(strings.Replace(wire.PathToken, "{id}", conversation, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Fatal(res.Status)
	}
	p.say("Thank you")
	p.until(`document.querySelector('.notice').textContent.includes('ended')`)
	p.until(logBox + `.querySelector('.pending')`)
	v.shot("light-ended")
	evalIn[bool](v, p.target, `(document.querySelector('.notice button').click(), true)`)
	p.until(logBox + `.querySelectorAll('.mine').length === 1`)
	p.untilAnswers(1)
	if got := p.mine(); got != "Thank you" {
		t.Errorf("the new conversation holds %q", got)
	}
	if now, _ := p.token(); now == conversation {
		t.Error("it is the old conversation")
	}
}

// A server that has lost its history starts the chat clean instead of showing
// what nobody else sees.
func TestHistoryLost(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	v.live("reverb")
	w.stop()
	for _, file := range []string{"chatbot.db", "chatbot.db-wal", "chatbot.db-shm"} {
		if err := os.Remove(filepath.Join(w.config.DataDir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	w.start()
	p.until(logBox + `.childElementCount === 0`)
	p.say("Thank you")
	p.untilAnswers(1)
	if got := p.mine(); got != "Thank you" {
		t.Errorf("shown: %q", got)
	}
}

// userTag is the script tag for a user of a site, with the hash that its backend makes.
func (w *world) userTag(t *testing.T, id, name, site string) string {
	t.Helper()
	out, err := command(t, "identity", "--data-dir", w.config.DataDir, "--user-id", id, "--name", name, "--site", site).Output()
	if err != nil {
		t.Fatal(err)
	}
	return w.tag(fmt.Sprintf(`data-user-id="%s" data-user-name="%s" data-user-hash="%s"`, id, name, strings.TrimSpace(string(out))))
}

// A visitor who is signed in at the site finds the conversation on another
// device; somebody else does not, and a forged word leads nowhere.
func TestSignedIn(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.userTag(t, "ann", "Ann", w.site.URL))
	desk := newVisitor(t)
	desk.open(w.site.URL)
	p := desk.openChat()
	p.say("Hello from my desk")
	p.untilAnswers(1)
	phone := newVisitor(t)
	phone.open(w.site.URL)
	q := phone.openChat()
	q.untilSaid("Hello from my desk")
	q.say("Thank you")
	p.untilSaid("Thank you")
	if got := p.mine(); got != "Hello from my desk,Thank you" {
		t.Errorf("her own messages are %q", got)
	}
	// The same browser, somebody else: the history is not theirs.
	w.setPage(w.userTag(t, "ben", "Ben", w.site.URL))
	phone.open(w.site.URL)
	q = phone.openChat()
	q.say("Hello")
	q.untilAnswers(1)
	if got := q.mine(); got != "Hello" {
		t.Errorf("Ben sees %q", got)
	}
	forged := newVisitor(t)
	w.setPage(w.userTag(t, "ann", "Ann", "https://other.example"))
	forged.open(w.site.URL)
	f := forged.openChat()
	f.say("Let me in")
	f.until(logBox + `.querySelector('.failed')`)
	if evalIn[bool](forged, f.target, logBox+`.textContent.includes('desk')`) {
		t.Error("a forged identity was let in")
	}
}
