package chat_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// recorder keeps what is published.
type recorder struct {
	mu  sync.Mutex
	all []published
}

type published struct {
	event  string
	data   []byte
	except chat.Socket
}

func (r *recorder) Publish(_ context.Context, _, event string, data []byte, except chat.Socket) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, published{event, data, except})
	return nil
}

// take are the events of that name since the last call.
func take[T any](t *testing.T, r *recorder, event string) (all []T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var rest []published
	for _, p := range r.all {
		if p.event != event {
			rest = append(rest, p)
			continue
		}
		var v T
		if err := json.Unmarshal(p.data, &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	r.all = rest
	return all
}

// house is a service with its clock in hand, in which nobody answers.
type house struct {
	store chat.Store
	*chat.Service
	events *recorder
	now    time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db := open(t, filepath.Join(t.TempDir(), "chat.db"))
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{store: db, events: &recorder{}, now: time.Now()}
	h.Service = chat.New(chat.Options{Store: db, Publisher: h.events, BotName: "Bot", Format: tree, Clock: func() time.Time { return h.now }})
	return h
}

// tree stands for a formatted text.
func tree(markdown string) []wire.Node {
	return []wire.Node{{Kind: "text", Text: "tree of " + markdown}}
}

// begin makes a conversation in which one message stands.
func (h *house) begin(t *testing.T) (chat.Caller, wire.Message) {
	t.Helper()
	caller := visitor(h.Begin())
	m, _, err := h.Send(t.Context(), caller, wire.SendRequest{ClientID: "k", Body: "Hello"})
	if err != nil {
		t.Fatal(err)
	}
	return caller, m
}

// agent is the site's own person in the conversation of c.
func agent(c chat.Caller) chat.Caller {
	c.Participant = wire.Participant{ID: "site-anna", Role: wire.RoleAgent, Name: "Anna"}
	return c
}

func (h *house) signals(t *testing.T, c chat.Caller) []wire.Signal {
	t.Helper()
	page, err := h.Messages(t.Context(), c.Conversation, chat.Read{Limit: 10, Reader: c.Participant.ID})
	if err != nil {
		t.Fatal(err)
	}
	return page.Signals
}

func TestTyping(t *testing.T) {
	h := newHouse(t)
	caller, _ := h.begin(t)
	caller.Socket = chat.Socket{Provider: wire.ProviderReverb, ID: "1.2"}
	typing := func(on bool) {
		t.Helper()
		if err := h.Typing(t.Context(), agent(caller), on); err != nil {
			t.Fatal(err)
		}
	}
	typing(true)
	typing(true)
	if got := h.signals(t, caller); len(got) != 1 || got[0].Type != wire.SignalTyping || got[0].Author.Name != "Anna" || got[0].TTL != wire.TypingTTL {
		t.Errorf("a poll sees %+v", got)
	}
	if got := h.signals(t, agent(caller)); len(got) != 0 {
		t.Errorf("who types is told so: %+v", got)
	}
	typing(false)
	if got := h.signals(t, caller); len(got) != 0 {
		t.Errorf("after the end: %+v", got)
	}
	if h.events.all[len(h.events.all)-1].except != caller.Socket {
		t.Error("the announcement goes to the one who types")
	}
	if got := take[wire.Signal](t, h.events, wire.EventSignal); len(got) != 1 || got[0].Type != wire.SignalTyping {
		t.Errorf("in one second was announced %+v", got)
	}
	h.now = h.now.Add(time.Second)
	typing(false)
	if got := take[wire.Signal](t, h.events, wire.EventSignal); len(got) != 1 || got[0].Type != wire.SignalIdle {
		t.Errorf("a second later was announced %+v", got)
	}
	typing(true)
	h.now = h.now.Add(wire.TypingTTL * time.Millisecond)
	if got := h.signals(t, caller); len(got) != 0 {
		t.Errorf("after its time: %+v", got)
	}
}

// The name of a visitor stands in the store.
func TestTypingName(t *testing.T) {
	h := newHouse(t)
	host, _ := h.begin(t)
	if _, err := h.Invite(t.Context(), host, "hash"); err != nil {
		t.Fatal(err)
	}
	session, _, err := h.Join(t.Context(), "hash", "", "Ben")
	if err != nil {
		t.Fatal(err)
	}
	guest := visitor(session)
	guest.Participant.Name = ""
	if err := h.Typing(t.Context(), guest, true); err != nil {
		t.Fatal(err)
	}
	if got := h.signals(t, host); len(got) != 1 || got[0].Author.Name != "Ben" {
		t.Errorf("signals %+v", got)
	}
}
