package chat_test

import (
	"context"
	"testing"
	"time"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

func (h *house) presence(t *testing.T, c chat.Caller, state wire.SignalType) {
	t.Helper()
	if err := h.Presence(t.Context(), c, state); err != nil {
		t.Fatal(err)
	}
}

// told are the states announced since the last call.
func (h *house) told(t *testing.T) (states []wire.SignalType) {
	t.Helper()
	for _, signal := range take[wire.Signal](t, h.events, wire.EventSignal) {
		states = append(states, signal.Type)
	}
	return states
}

func wantStates(t *testing.T, what string, got []wire.SignalType, want ...wire.SignalType) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: announced %v, want %v", what, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: announced %v, want %v", what, got, want)
		}
	}
}

func TestPresence(t *testing.T) {
	h := newHouse(t)
	caller, _ := h.begin(t)
	anna := agent(caller)
	h.presence(t, anna, wire.SignalOnline)
	wantStates(t, "coming", h.told(t), wire.SignalOnline)
	if got := h.signals(t, caller); len(got) != 1 || got[0].Type != wire.SignalOnline || got[0].Author.Name != "Anna" || got[0].TTL != wire.PresenceTTL {
		t.Errorf("a poll sees %+v", got)
	}
	if got := h.signals(t, anna); len(got) != 0 {
		t.Errorf("who is here is told so: %+v", got)
	}
	h.now = h.now.Add(24 * time.Second)
	h.Seen(t.Context(), anna)
	wantStates(t, "soon again", h.told(t))
	h.now = h.now.Add(time.Second)
	h.Seen(t.Context(), anna)
	wantStates(t, "after 25 s", h.told(t), wire.SignalOnline)
	h.presence(t, anna, wire.SignalAway)
	h.presence(t, anna, wire.SignalAway)
	h.Seen(t.Context(), anna)
	wantStates(t, "away", h.told(t), wire.SignalAway)
	if got := h.signals(t, caller); len(got) != 1 || got[0].Type != wire.SignalAway {
		t.Errorf("a poll sees %+v", got)
	}
	h.presence(t, anna, wire.SignalOffline)
	h.presence(t, anna, wire.SignalOffline)
	wantStates(t, "leaving", h.told(t), wire.SignalOffline)
	if got := h.signals(t, caller); len(got) != 0 {
		t.Errorf("a poll sees %+v", got)
	}
	refused(t, h.Presence(t.Context(), anna, wire.SignalTyping), wire.CodeInvalidField)
	refused(t, h.Presence(t.Context(), anna, ""), wire.CodeInvalidField)
}

// Who is not heard of any more has gone; every call puts that off.
func TestPresencePasses(t *testing.T) {
	h := newHouse(t)
	caller, _ := h.begin(t)
	h.Seen(t.Context(), agent(caller))
	h.now = h.now.Add(wire.PresenceTTL*time.Millisecond - 1)
	h.Seen(t.Context(), agent(caller))
	h.now = h.now.Add(wire.PresenceTTL*time.Millisecond - 1)
	if got := h.signals(t, caller); len(got) != 1 {
		t.Errorf("a moment before: %+v", got)
	}
	h.now = h.now.Add(1)
	if got := h.signals(t, caller); len(got) != 0 {
		t.Errorf("after its time: %+v", got)
	}
}

// What somebody does at the moment, and that they are here, are two things.
func TestPresenceAndTyping(t *testing.T) {
	h := newHouse(t)
	caller, _ := h.begin(t)
	anna := agent(caller)
	h.presence(t, anna, wire.SignalAway)
	if err := h.Typing(t.Context(), anna, true); err != nil {
		t.Fatal(err)
	}
	if got := h.signals(t, caller); len(got) != 2 {
		t.Errorf("signals %+v", got)
	}
	if _, _, err := h.Send(t.Context(), anna, wire.SendRequest{ClientID: "k", Body: "Hi"}); err != nil {
		t.Fatal(err)
	}
	if got := h.signals(t, caller); len(got) != 1 || got[0].Type != wire.SignalAway {
		t.Errorf("after the message: %+v", got)
	}
	if err := h.Typing(t.Context(), anna, true); err != nil {
		t.Fatal(err)
	}
	h.presence(t, anna, wire.SignalOffline)
	if got := h.signals(t, caller); len(got) != 1 || got[0].Type != wire.SignalTyping {
		t.Errorf("after leaving: %+v", got)
	}
}

// meddledStore lets something happen when it is asked who is there.
type meddledStore struct {
	chat.Store
	meddle func()
}

func (s *meddledStore) Participants(ctx context.Context, id string) ([]wire.Participant, error) {
	if meddle := s.meddle; meddle != nil {
		s.meddle = nil
		meddle()
	}
	return s.Store.Participants(ctx, id)
}

// A call that was under way when somebody went away does not bring them back.
func TestPresenceConcludedLate(t *testing.T) {
	h := newHouse(t)
	caller, _ := h.begin(t)
	store := &meddledStore{Store: h.store}
	h.Service = chat.New(chat.Options{Store: store, Publisher: h.events, BotName: "Bot", Clock: func() time.Time { return h.now }})
	h.presence(t, caller, wire.SignalOnline)
	h.now = h.now.Add(30 * time.Second)
	store.meddle = func() { h.presence(t, caller, wire.SignalAway) }
	h.Seen(t.Context(), caller)
	wantStates(t, "away for good", h.told(t), wire.SignalOnline, wire.SignalAway)
}
