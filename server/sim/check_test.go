package sim

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"chatbot/server/chat"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// The promises. A failure names the one that was broken.
const (
	onceOnly   = "exactly once"
	sameOrder  = "the same order for all"
	forgotten  = "nothing forgotten"
	noGap      = "no gap shown"
	stateTrue  = "state true"
	answered   = "owed answers given once"
	wholeWords = "answers in their words"
	equal      = "the same state for all"
	heals      = "all is well again soon"
)

// look checks every state that a tab comes to.
func (w *world) look(x *tab, s session.State) {
	for i, m := range s.Messages {
		if i > 0 && m.Seq != s.Messages[i-1].Seq+1 {
			w.fail(noGap, "%s shows message %d after %d", x.name, m.Seq, s.Messages[i-1].Seq)
		}
		w.compare(x, m)
	}
	if len(s.Messages) > 0 && !s.HasOlder && s.Messages[0].Seq != 1 {
		w.fail(noGap, "%s begins with message %d, and with nothing before it", x.name, s.Messages[0].Seq)
	}
	shown := map[string]bool{}
	for _, item := range s.Timeline() {
		body := ""
		switch {
		case item.Entry != nil:
			body = item.Entry.Body
		case item.Message.DeletedAt != nil || item.Message.Author.Role == wire.RoleBot:
			body = item.Message.ID // has no text, or as far as it has come
		default:
			body = item.Message.Body
		}
		if shown[body] {
			w.fail(onceOnly, "%s shows %q twice", x.name, body)
		}
		shown[body] = true
		if item.Message != nil {
			w.checkWords(x, item.Message, s.Ahead(item.Message))
		}
	}
	if s.Ended {
		w.fail(heals, "%s says that the conversation has ended", x.name)
	}
}

// checkWords checks that what is shown of an answer is its beginning, and of one
// that is complete all of it.
func (w *world) checkWords(x *tab, m *wire.Message, ahead string) {
	if m.Author.Role != wire.RoleBot || m.DeletedAt != nil {
		return
	}
	said := m.Body + ahead
	if !strings.HasPrefix(said, "Re: ") {
		return // an apology
	}
	w.mu.Lock()
	known := slices.ContainsFunc(w.bodies, func(question string) bool {
		whole := answerTo(question)
		return said == whole || m.Status != wire.StatusComplete && strings.HasPrefix(whole, said)
	})
	w.mu.Unlock()
	if !known {
		w.fail(wholeWords, "%s shows the answer %q, %s", x.name, said, m.Status)
	}
}

// compare checks that a place holds the same message for everybody and for ever.
func (w *world) compare(x *tab, m wire.Message) {
	w.mu.Lock()
	known, ok := w.truth[m.Seq]
	w.truth[m.Seq] = m
	w.mu.Unlock()
	if ok && known.ID != m.ID {
		w.fail(sameOrder, "message %d is %q, and for %s it is %q", m.Seq, known.Body, x.name, m.Body)
	}
}

// check is called whenever everything has come to rest.
func (w *world) check() {
	stored, known := w.stored()
	if known {
		w.checkTruth(stored)
	}
	for _, t := range w.texts {
		if _, kept := t.browser.disk.Get("out." + t.id); kept || t.deleted || !known {
			continue
		}
		if !slices.ContainsFunc(stored, func(m wire.Message) bool { return m.ClientID == t.id }) {
			w.fail(forgotten, "%q is neither stored nor kept to be sent", t.body)
		}
	}
	for _, b := range w.browsers {
		for _, x := range b.open() {
			w.checkState(x)
		}
	}
}

// checkTruth checks that whatever was shown as a message is stored.
func (w *world) checkTruth(stored []wire.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for seq, m := range w.truth {
		if w.failure == nil && (seq > int64(len(stored)) || stored[seq-1].ID != m.ID) {
			w.failure = &failure{forgotten, "message " + m.Body + " was shown as sent and is not stored"}
		}
	}
}

// checkState checks that a tab which says that it is connected is subscribed.
func (w *world) checkState(x *tab) {
	s := x.State()
	if !s.Leading() || x.frozen() || s.Realtime.Channel == nil {
		return
	}
	if !x.net.carries(s.Realtime.Channel.Channel) {
		w.fail(stateTrue, "%s says that %s is subscribed, and it is not", x.name, s.Realtime.Channel.Channel)
	}
}

// stored are the conversation's messages in order, and false while nobody can
// tell.
func (w *world) stored() ([]wire.Message, bool) {
	p := w.host.process()
	if p == nil {
		return nil, false
	}
	list, err := p.store.Conversations(context.Background(), 10)
	if err != nil {
		w.fail("server", "its store: %v", err)
		return nil, false
	}
	var all []wire.Message
	for _, c := range list {
		messages, _, err := p.store.History(context.Background(), c.ID, 0, 0, 10_000)
		if err != nil {
			w.fail("server", "its store: %v", err)
			return nil, false
		}
		all = append(all, messages...)
	}
	if len(list) > 1 {
		w.fail(onceOnly, "there are %d conversations", len(list))
	}
	return all, p.alive()
}

// patience is how long it may take until all is well once nothing disturbs any
// more.
const patience = 10 * time.Minute

// heal waits until everybody has everything, and until what is still under way
// has come, and then compares it all.
func (w *world) heal() {
	w.healed = w.recover()
	time.Sleep(lateArrivals)
	w.recover()
	if !w.broken() {
		w.compareAll()
	}
}

// lateArrivals is when the last of the requests that everybody has forgotten
// has come.
const lateArrivals = time.Minute

// recover waits until all is well, and is how long that took.
func (w *world) recover() time.Duration {
	begun, why := time.Now(), ""
	for time.Since(begun) < patience {
		if w.settle(); w.broken() {
			return 0
		}
		if why = w.unwell(); why == "" {
			return time.Since(begun)
		}
		time.Sleep(time.Second)
	}
	w.fail(heals, "after %v %s", patience, why)
	return 0
}

// unwell says what is still amiss, or nothing.
func (w *world) unwell() string {
	stored, known := w.stored()
	debts, err := w.debts()
	if !known || err != nil {
		return "the server does not answer"
	}
	if len(debts) > 0 {
		return "an answer is still owed"
	}
	if slices.ContainsFunc(stored, func(m wire.Message) bool { return m.Status == wire.StatusStreaming }) {
		return "an answer is still being written"
	}
	rev, err := w.rev()
	if err != nil {
		return "the server does not answer"
	}
	for _, b := range w.browsers {
		for _, x := range b.open() {
			s := x.State()
			switch {
			case len(s.Outbox) > 0:
				return x.name + " still has something to send: " + s.Outbox[0].Body
			case len(stored) == 0:
			case len(s.Messages) == 0 || s.Messages[len(s.Messages)-1].Seq != int64(len(stored)):
				return x.name + " does not show everything"
			case s.Cursor.Rev != rev:
				return x.name + " does not know of every change"
			case len(w.story.Setup.Providers) > 0 && !s.Realtime.Connected:
				return x.name + " is not connected"
			}
		}
	}
	return ""
}

// rev is how many changes the conversation has seen.
func (w *world) rev() (int64, error) {
	p := w.host.process()
	if p == nil {
		return 0, errDead
	}
	list, err := p.store.Conversations(context.Background(), 1)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].Rev, nil
}

func (w *world) debts() ([]chat.Debt, error) {
	p := w.host.process()
	if p == nil {
		return nil, errDead
	}
	return p.store.Debts(context.Background())
}

// compareAll is the end of a run in which all is well again: everybody scrolls
// back to the beginning, and everything is as it was promised.
func (w *world) compareAll() {
	stored, _ := w.stored()
	w.checkAnswers(stored)
	for _, t := range w.texts {
		n := len(slices.DeleteFunc(slices.Clone(stored), func(m wire.Message) bool { return m.ClientID != t.id }))
		if n > 1 || n == 0 && !t.deleted {
			w.fail(onceOnly, "%q is stored %d times", t.body, n)
		}
	}
	for _, b := range w.browsers {
		for _, x := range b.open() {
			w.checkOrder(x, stored)
			w.scrollBack(x)
			w.checkEqual(x, stored)
		}
	}
}

// checkEqual checks that a tab has everything as it is stored: corrections,
// deletions, reactions, and how far everybody has read.
func (w *world) checkEqual(x *tab, stored []wire.Message) {
	s := x.State()
	if len(s.Messages) != len(stored) {
		w.fail(heals, "%s shows %d messages of %d", x.name, len(s.Messages), len(stored))
		return
	}
	for i := range stored {
		shown := s.Messages[i]
		shown.Content = nil // is made when it is read
		if got, want := encode(shown), encode(stored[i]); got != want {
			w.fail(equal, "%s has %s, stored is %s", x.name, got, want)
		}
		if ahead := s.Ahead(&shown); ahead != "" {
			w.fail(equal, "%s shows %q behind %q", x.name, ahead, shown.Body)
		}
	}
	participants, err := w.host.process().store.Participants(context.Background(), s.ConversationID)
	if err != nil {
		w.fail("server", "its store: %v", err)
	}
	for _, p := range participants {
		i := slices.IndexFunc(s.Participants, func(known wire.Participant) bool { return known.ID == p.ID })
		if i < 0 || s.Participants[i].ReadSeq != p.ReadSeq || s.Participants[i].DeliveredSeq != p.DeliveredSeq {
			w.fail(equal, "%s knows %+v, and stored is %+v", x.name, s.Participants, p)
		}
	}
}

func encode(m wire.Message) string {
	text, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// checkAnswers checks that every question has one answer.
func (w *world) checkAnswers(stored []wire.Message) {
	answers := map[string]int{}
	for _, m := range stored {
		if m.Author.Role == wire.RoleBot {
			answers[m.ClientID]++
		}
	}
	for _, m := range stored {
		n := answers["answer-"+m.ID]
		if m.Author.Role == wire.RoleVisitor && n != 1 && (n > 0 || m.DeletedAt == nil) {
			w.fail(answered, "%q has %d answers", m.Body, n)
		}
		if m.Status == wire.StatusStreaming {
			w.fail(answered, "the answer %q never ends", m.Body)
		}
	}
}

// checkOrder checks that what was written in one tab is stored in that order. A
// text that was taken back while it was under way may come at any time.
func (w *world) checkOrder(x *tab, stored []wire.Message) {
	last := int64(0)
	for _, t := range x.texts {
		i := slices.IndexFunc(stored, func(m wire.Message) bool { return m.ClientID == t.id })
		if i < 0 || t.deleted {
			continue
		}
		if stored[i].Seq < last {
			w.fail(sameOrder, "%q is not where %s wrote it", t.body, x.b.name)
		}
		last = stored[i].Seq
	}
}

// scrollBack loads all that there is.
func (w *world) scrollBack(x *tab) {
	for range 100 {
		if !x.State().HasOlder {
			return
		}
		x.Do(session.Older{})
		time.Sleep(time.Second)
		synctest.Wait()
	}
}
