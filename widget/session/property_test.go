package session

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"chatbot/widget/wire"

	"pgregory.net/rapid"
)

// server is the simplest thing that keeps the contract: a conversation in
// memory, by client id stored once.
type server struct {
	epoch    string
	rev      int64
	messages []wire.Message
}

func (v *server) post(author wire.Author, clientID, body string) wire.Message {
	for _, m := range v.messages {
		if clientID != "" && m.ClientID == clientID && m.Author.ID == author.ID {
			return m
		}
	}
	v.rev++
	m := message(int64(len(v.messages)+1), v.rev, author, clientID)
	m.Body = body
	v.messages = append(v.messages, m)
	return m
}

func (v *server) edit(i int) wire.Message {
	v.rev++
	v.messages[i].Rev = v.rev
	v.messages[i].Body = fmt.Sprint("edit ", v.rev)
	return v.messages[i]
}

const pageSize = 3

func (v *server) since(c wire.Cursor) wire.Page {
	if c.Epoch != v.epoch {
		c.Rev = 0
	}
	changed := slices.DeleteFunc(slices.Clone(v.messages), func(m wire.Message) bool { return m.Rev <= c.Rev })
	slices.SortFunc(changed, func(a, b wire.Message) int { return int(a.Rev - b.Rev) })
	p := wire.Page{Messages: changed, Cursor: wire.Cursor{Epoch: v.epoch, Rev: v.rev}}
	if len(changed) > pageSize {
		p.Messages, p.HasMore = changed[:pageSize], true
		p.Cursor.Rev = p.Messages[pageSize-1].Rev
	}
	return p
}

func (v *server) before(seq int64) wire.Page {
	stretch := slices.Clone(v.messages)
	if seq > 0 {
		stretch = slices.DeleteFunc(stretch, func(m wire.Message) bool { return m.Seq >= seq })
	}
	p := wire.Page{Cursor: wire.Cursor{Epoch: v.epoch, Rev: v.rev}, LastSeq: int64(len(v.messages))}
	first := max(0, len(stretch)-pageSize)
	p.Messages, p.HasMore = stretch[first:], first > 0
	return p
}

// world is one visitor, one server and a network that may do anything between
// them: whatever is in flight arrives in any order, twice, or never.
type world struct {
	t        *rapid.T
	server   server
	state    State
	now      wire.Time
	stored   Saved
	watched  string
	inFlight []Event  // answers and events on their way
	calls    []func() // requests on their way
	written  []string // client ids of all that the visitor wrote
	deleted  []string // and took back
	seen     wire.Cursor
	ids      int
}

func (w *world) on(e Event) {
	before, err := json.Marshal(w.state)
	if err != nil {
		w.t.Fatal(err)
	}
	old := w.state
	heldBefore := slices.Clone(old.work.held)
	next, effects := Step(old, e, w.now)
	if after, err := json.Marshal(old); err != nil || string(after) != string(before) || !slices.Equal(heldBefore, old.work.held) {
		w.t.Fatalf("%T changed the old state", e)
	}
	w.state = next
	for _, effect := range effects {
		w.carryOut(effect)
	}
	w.check(e)
}

func (w *world) carryOut(effect Effect) {
	switch e := effect.(type) {
	case CreateConversation:
		w.calls = append(w.calls, func() {
			s := newSession()
			s.Cursor.Epoch = w.server.epoch
			w.inFlight = append(w.inFlight, Created{Session: s})
		})
	case SendMessage:
		w.calls = append(w.calls, func() {
			m := w.server.post(visitor, e.ClientID, e.Body)
			w.inFlight = append(w.inFlight, Sent{m}, Changed{conversation, wire.ProviderReverb, &m, nil, m.Rev, w.server.epoch})
		})
	case FetchHistory:
		w.calls = append(w.calls, func() {
			w.inFlight = append(w.inFlight, HistoryFetched{conversation, e.Before, w.server.before(e.Before)})
		})
	case LoadConfig:
		w.inFlight = append(w.inFlight, Configured{})
	case Subscribe:
		w.watched = e.ConversationID
	case Save:
		w.stored = e.Saved
	}
}

// poll is one round of the ladder.
func (w *world) poll() {
	if w.watched != "" {
		w.inFlight = append(w.inFlight, PageFetched{w.watched, w.server.since(w.state.Cursor)})
	}
}

// announce puts an event about m on its way.
func (w *world) announce(m wire.Message) {
	if w.watched != "" {
		w.inFlight = append(w.inFlight, Changed{conversation, wire.ProviderReverb, &m, nil, m.Rev, w.server.epoch})
	}
}

func (w *world) stores(clientID string) bool {
	return slices.ContainsFunc(w.server.messages, func(m wire.Message) bool { return m.ClientID == clientID })
}

func (w *world) check(e Event) {
	s := w.state
	for i, m := range s.Messages {
		if i > 0 && m.Seq != s.Messages[i-1].Seq+1 {
			w.t.Fatalf("after %T: message %d follows %d", e, m.Seq, s.Messages[i-1].Seq)
		}
	}
	if !s.HasOlder && len(s.Messages) > 0 && s.Messages[0].Seq != 1 {
		w.t.Fatalf("after %T: the first message is %d, and nothing older is said to be there", e, s.Messages[0].Seq)
	}
	if s.Cursor.Epoch == w.seen.Epoch && s.Cursor.Rev < w.seen.Rev {
		w.t.Fatalf("after %T: the cursor went back from %v to %v", e, w.seen, s.Cursor)
	}
	w.seen = s.Cursor
	for _, id := range w.written {
		waiting := slices.ContainsFunc(s.Outbox, func(e Entry) bool { return e.ClientID == id })
		safe := slices.ContainsFunc(w.stored.Outbox, func(e Entry) bool { return e.ClientID == id })
		if !waiting && !w.stores(id) && !slices.Contains(w.deleted, id) {
			w.t.Fatalf("after %T: %s is forgotten", e, id)
		}
		if waiting != safe {
			w.t.Fatalf("after %T: %s waits: %t, is stored for the next time: %t", e, id, waiting, safe)
		}
	}
	keys := map[string]bool{}
	for _, item := range s.Timeline() {
		if keys[item.Key()] {
			w.t.Fatalf("after %T: %s is shown twice", e, item.Key())
		}
		keys[item.Key()] = true
	}
	sending := 0
	for _, entry := range s.Outbox {
		if entry.ClientID == s.work.inFlight {
			sending++
		}
	}
	if sending > 1 || s.work.inFlight != "" && sending == 0 {
		w.t.Fatalf("after %T: %d of %+v are being sent", e, sending, s.Outbox)
	}
}

// lose makes a request or an answer vanish, and tells the caller as the
// network would.
func (w *world) lose() {
	lost := Failure{Code: wire.CodeUnavailable, Lost: true}
	if id := w.state.work.inFlight; id != "" {
		w.on(SendFailed{conversation, id, lost})
	}
	if w.state.work.begin.running {
		w.on(CreateFailed{Failure: lost})
	}
	if w.state.work.history.running {
		w.on(HistoryFailed{conversation, 0, lost})
	}
	if w.state.LoadingOlder {
		w.on(HistoryFailed{conversation, w.state.Messages[0].Seq, lost})
	}
	if w.watched != "" {
		w.on(FetchFailed{w.watched, lost})
	}
}

// settle lets everything arrive.
func (w *world) settle() {
	for range 1000 {
		if w.quiet() {
			return
		}
		w.now += wire.Time(maxBackoff)
		w.on(Tick{})
		w.poll()
		for len(w.calls)+len(w.inFlight) > 0 {
			calls := w.calls
			w.calls = nil
			for _, call := range calls {
				call()
			}
			arriving := w.inFlight
			w.inFlight = nil
			for _, e := range arriving {
				w.on(e)
			}
		}
	}
}

// quiet reports whether nothing is left to be done.
func (w *world) quiet() bool {
	s := w.state
	known := s.Cursor == wire.Cursor{Epoch: w.server.epoch, Rev: w.server.rev} || s.ConversationID == ""
	return known && len(s.Outbox) == 0 && !s.work.history.wanted && !s.work.catching && !s.LoadingOlder && len(w.calls)+len(w.inFlight) == 0
}

// TestMain runs more than rapid's hundred cases: each takes microseconds.
func TestMain(m *testing.M) {
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("3000"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestNothingLostNothingTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, server: server{epoch: "e"}, now: 1_000_000}
		w.on(Started{})
		t.Repeat(map[string]func(*rapid.T){
			"write": func(*rapid.T) {
				w.ids++
				id := fmt.Sprint("k", w.ids)
				w.written = append(w.written, id)
				w.on(Send{Text: "text " + id, ClientID: id})
			},
			"answer": func(t *rapid.T) {
				if w.state.ConversationID != "" {
					w.announce(w.server.post(bot, "", "answer"))
				}
			},
			"edit": func(t *rapid.T) {
				if n := len(w.server.messages); n > 0 {
					w.announce(w.server.edit(rapid.IntRange(0, n-1).Draw(t, "which")))
				}
			},
			"reach": func(t *rapid.T) {
				if n := len(w.calls); n > 0 {
					i := rapid.IntRange(0, n-1).Draw(t, "which")
					call := w.calls[i]
					w.calls = slices.Delete(w.calls, i, i+1)
					call()
				}
			},
			"arrive": func(t *rapid.T) {
				if n := len(w.inFlight); n > 0 {
					i := rapid.IntRange(0, n-1).Draw(t, "which")
					e := w.inFlight[i]
					if !rapid.Bool().Draw(t, "twice") {
						w.inFlight = slices.Delete(w.inFlight, i, i+1)
					}
					w.on(e)
				}
			},
			"vanish": func(t *rapid.T) {
				if n := len(w.inFlight); n > 0 {
					i := rapid.IntRange(0, n-1).Draw(t, "which")
					w.inFlight = slices.Delete(w.inFlight, i, i+1)
				}
			},
			"lose":  func(*rapid.T) { w.lose() },
			"poll":  func(*rapid.T) { w.poll() },
			"older": func(*rapid.T) { w.on(Older{}) },
			"partial": func(*rapid.T) {
				w.on(Changed{ConversationID: conversation, Rev: w.server.rev, Epoch: w.server.epoch})
			},
			"socket": func(t *rapid.T) {
				w.on(rapid.SampledFrom([]Event{
					SocketUp{wire.ProviderReverb, "h:1"}, Subscribed{wire.ProviderReverb, conversation}, SocketDown{wire.ProviderReverb, "cut"},
					Online{}, Offline{}, Open{}, Close{},
				}).Draw(t, "event"))
			},
			"wait": func(t *rapid.T) {
				w.now += wire.Time(rapid.IntRange(0, 5000).Draw(t, "ms"))
				w.on(Tick{})
			},
			"delete": func(t *rapid.T) {
				if n := len(w.state.Outbox); n > 0 {
					e := w.state.Outbox[rapid.IntRange(0, n-1).Draw(t, "which")]
					if e.State != Sending {
						w.deleted = append(w.deleted, e.ClientID)
					}
					w.on(Delete{e.ClientID})
				}
			},
			"reload": func(*rapid.T) {
				w.inFlight, w.watched, w.state = nil, "", State{} // requests still reach the server
				w.on(Started{Saved: w.stored})
			},
			"history lost": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "luck") == 0 {
					w.server = server{epoch: w.server.epoch + "x"}
					w.calls, w.inFlight = nil, nil // a server that crashed answers nobody
					w.written, w.deleted = nil, nil
					for _, e := range w.state.Outbox {
						w.written = append(w.written, e.ClientID)
					}
					w.lose()
				}
			},
		})
		w.calls, w.inFlight = nil, nil
		w.lose()
		w.settle()
		if len(w.state.Outbox) != 0 {
			t.Fatalf("never sent: %+v", w.state.Outbox)
		}
		for _, id := range w.written {
			if !w.stores(id) && !slices.Contains(w.deleted, id) {
				t.Fatalf("%s was never stored", id)
			}
		}
		for w.state.HasOlder {
			w.on(Older{})
			w.settle()
		}
		if got, want := mustJSON(t, w.state.Messages), mustJSON(t, w.server.messages); got != want {
			t.Fatalf("the visitor sees\n%s\nthe server has\n%s", got, want)
		}
	})
}

func mustJSON(t *rapid.T, messages []wire.Message) string {
	if messages == nil {
		messages = []wire.Message{}
	}
	b, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
