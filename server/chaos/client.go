package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"chatbot/widget/api"
	"chatbot/widget/client"
	"chatbot/widget/realtime"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// participant is somebody in a conversation. All methods are called by one
// goroutine.
type participant interface {
	// write gives a text to the chat and returns once the chat shows it, sent or
	// not. It waits first while many are not sent.
	write(ctx context.Context, text string) error
	// until waits until everything up to seq is shown and nothing is on its way.
	until(ctx context.Context, seq int64) error
	// restart ends the chat without a word and begins it again with what was kept.
	restart(ctx context.Context) error
	// shown is everything that can be seen, from the first message on.
	shown(ctx context.Context) ([]line, error)
	// oddities are what looked wrong at any moment.
	oddities() oddities
	// describe tells the present state, for people.
	describe() string
	close()
}

// line is a message as somebody sees it.
type line struct {
	Seq  int64  `json:"seq"`
	Body string `json:"body"`
	// Formatted says that Body is what Markdown was drawn as, which is not to be
	// told from the Markdown.
	Formatted bool `json:"formatted"`
	// State is all that is known of the message, where that can be seen.
	State string `json:"-"`
}

// corrected stands behind a text that was corrected.
const corrected = " (corrected)"

// oddities count what must never be seen, even for a moment.
type oddities struct{ doubled, outOfOrder int }

// backlog is how many texts a participant writes ahead of the server.
const backlog = 4

// visitor is the widget's own client outside the browser.
type visitor struct {
	name, url string
	link      *link
	storage   storage

	chat    *client.Client
	stop    func()
	changed chan struct{}

	mu   sync.Mutex
	odd  oddities
	told map[string]bool // messages that the chat reported as new
}

func newVisitor(name, url string, l *link) *visitor {
	v := &visitor{name: name, url: url, link: l, storage: storage{values: map[string]string{}}, changed: make(chan struct{}, 1)}
	v.begin()
	return v
}

// begin runs a chat with what was kept.
func (v *visitor) begin() {
	v.mu.Lock()
	v.told = map[string]bool{}
	v.mu.Unlock()
	calls, sockets := &http.Transport{DialContext: v.link.dial}, &http.Transport{DialContext: v.link.dial}
	v.chat = client.New(client.Options{
		API:     api.New(api.HTTP{Client: &http.Client{Transport: calls}}, v.url, ""),
		Storage: &v.storage,
		Dial:    realtime.Dialer(&http.Client{Transport: sockets}),
		Show:    v.show,
		Notify:  v.notify,
		Now:     func() wire.Time { return wire.TimeOf(time.Now()) },
		NewID:   uuid.NewString,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); v.chat.Run(ctx) }()
	v.stop = func() {
		cancel()
		<-ended
		calls.CloseIdleConnections()
		sockets.CloseIdleConnections()
	}
}

// show looks at every picture that a person would get.
func (v *visitor) show(s session.State) {
	v.mu.Lock()
	for i := 1; i < len(s.Messages); i++ {
		switch before, seq := s.Messages[i-1].Seq, s.Messages[i].Seq; {
		case seq == before:
			v.odd.doubled++
		case seq != before+1:
			v.odd.outOfOrder++
		}
	}
	v.mu.Unlock()
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

func (v *visitor) notify(n session.Notify) {
	if n.Kind != session.NotifyMessage {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.told[n.Message.ID] {
		v.odd.doubled++
	}
	v.told[n.Message.ID] = true
}

// when waits for a state of the chat.
func (v *visitor) when(ctx context.Context, holds func(session.State) bool) error {
	for !holds(v.chat.State()) {
		select {
		case <-v.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (v *visitor) write(ctx context.Context, text string) error {
	if err := v.when(ctx, func(s session.State) bool { return len(s.Outbox) < backlog }); err != nil {
		return err
	}
	v.chat.Apply(ctx, session.Send{Text: text})
	return ctx.Err()
}

func (v *visitor) until(ctx context.Context, seq int64) error {
	return v.when(ctx, func(s session.State) bool { return len(s.Outbox) == 0 && lastSeq(s) >= seq })
}

func lastSeq(s session.State) int64 {
	if n := len(s.Messages); n > 0 {
		return s.Messages[n-1].Seq
	}
	return 0
}

// meddle reacts to the last message, and corrects or deletes one of the visitor's
// own: with everything as it was before an episode, so that it is answered. What
// becomes of that is not promised, only that all come to see the same.
func (v *visitor) meddle(episode int) {
	s := v.chat.State()
	for i, own := len(s.Messages)-1, 0; i >= 0; i-- {
		m := &s.Messages[i]
		if i == len(s.Messages)-1 {
			v.chat.Do(session.React{MessageID: m.ID, Emoji: "👍", On: true})
		}
		if !s.Own(m) || m.DeletedAt != nil || m.EditedAt != nil {
			continue
		}
		if own++; own == 2 && episode%2 == 0 {
			v.chat.Do(session.Remove{MessageID: m.ID})
			return
		}
		if own == 1 {
			v.chat.Do(session.Revise{MessageID: m.ID, Body: m.Body + corrected})
		}
	}
}

// current waits until every change is known.
func (v *visitor) current(ctx context.Context, rev int64) error {
	return v.when(ctx, func(s session.State) bool { return s.Cursor.Rev >= rev })
}

// state is all of a message but what is made when it is read.
func state(m wire.Message) string {
	m.Content = nil
	encoded, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

func (v *visitor) restart(context.Context) error {
	v.stop()
	v.begin()
	return nil
}

func (v *visitor) shown(ctx context.Context) (lines []line, err error) {
	for v.chat.State().HasOlder {
		v.chat.Apply(ctx, session.Older{})
		if err := v.when(ctx, func(s session.State) bool { return !s.LoadingOlder }); err != nil {
			return nil, err
		}
	}
	now := v.chat.State()
	for _, item := range now.Timeline() {
		if item.Entry != nil {
			return nil, fmt.Errorf("%s: %q is not sent", v.name, item.Entry.Body)
		}
		m := *item.Message
		lines = append(lines, line{Seq: m.Seq, Body: m.Body + now.Ahead(&m), State: state(m)})
	}
	return lines, nil
}

// invite makes the code of an invitation.
func (v *visitor) invite(ctx context.Context) (code string, err error) {
	v.chat.Do(session.Invite{})
	if err := v.when(ctx, func(s session.State) bool { return s.Invitation != nil }); err != nil {
		return "", err
	}
	code = v.chat.State().Invitation.Code
	v.chat.Apply(ctx, session.PutAway{})
	return code, nil
}

func (v *visitor) join(ctx context.Context, code string) error {
	v.chat.Do(session.Join{Code: code, Name: v.name})
	return v.when(ctx, func(s session.State) bool { return s.ConversationID != "" })
}

func (v *visitor) oddities() oddities {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.odd
}

func (v *visitor) describe() string {
	s := v.chat.State()
	return fmt.Sprintf("%s shows %d messages, has %d to send, is %s by %s", v.name, lastSeq(s), len(s.Outbox), s.Link.State, s.Realtime.Provider)
}

func (v *visitor) close() { v.stop() }

// storage is what a browser would keep: it outlives the chat.
type storage struct {
	mu     sync.Mutex
	values map[string]string
}

func (s *storage) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.values))
}

func (s *storage) Get(key string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[key]
	return value, ok
}

func (s *storage) Set(key, value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
	return true
}

func (s *storage) Remove(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
	return true
}
