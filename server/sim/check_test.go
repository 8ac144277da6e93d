package sim

import (
	"context"
	"slices"
	"testing/synctest"
	"time"

	"chatbot/server/chat"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// The promises. A failure names the one that was broken.
const (
	onceOnly  = "exactly once"
	sameOrder = "the same order for all"
	forgotten = "nothing forgotten"
	noGap     = "no gap shown"
	stateTrue = "state true"
	answered  = "owed answers given once"
	heals     = "all is well again soon"
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
		if item.Entry != nil {
			body = item.Entry.Body
		} else {
			body = item.Message.Body
		}
		if shown[body] {
			w.fail(onceOnly, "%s shows %q twice", x.name, body)
		}
		shown[body] = true
	}
	if s.Ended {
		w.fail(heals, "%s says that the conversation has ended", x.name)
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
	for _, b := range w.browsers {
		for _, x := range b.open() {
			s := x.State()
			switch {
			case len(s.Outbox) > 0:
				return x.name + " still has something to send: " + s.Outbox[0].Body
			case len(stored) == 0:
			case len(s.Messages) == 0 || s.Messages[len(s.Messages)-1].Seq != int64(len(stored)):
				return x.name + " does not show everything"
			case len(w.story.Setup.Providers) > 0 && !s.Realtime.Connected:
				return x.name + " is not connected"
			}
		}
	}
	return ""
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
		n := len(slices.DeleteFunc(slices.Clone(stored), func(m wire.Message) bool { return m.Body != t.body }))
		if n > 1 || n == 0 && !t.deleted {
			w.fail(onceOnly, "%q is stored %d times", t.body, n)
		}
	}
	for _, b := range w.browsers {
		for _, x := range b.open() {
			w.checkOrder(x, stored)
			w.scrollBack(x)
			if got := x.State().Messages; len(got) != len(stored) {
				w.fail(heals, "%s shows %d messages of %d", x.name, len(got), len(stored))
			}
		}
	}
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
		if n := answers["answer-"+m.ID]; m.Author.Role == wire.RoleVisitor && n != 1 {
			w.fail(answered, "%q has %d answers", m.Body, n)
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
