package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatbot/server/chat"
	"chatbot/server/publish"
	"chatbot/server/store"
	"chatbot/widget/wire"
)

// respond makes a Responder of a function.
type respond func(ctx context.Context, question string) (chat.Answer, error)

func (f respond) Respond(ctx context.Context, question string, _ []wire.Message) (chat.Answer, error) {
	return f(ctx, question)
}

// echo answers what it was asked.
var echo = respond(func(_ context.Context, question string) (chat.Answer, error) {
	return chat.Answer{Body: "to " + question}, nil
})

func open(t *testing.T, file string) *store.SQLite {
	t.Helper()
	db, err := store.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func visitor(s wire.Session) chat.Caller {
	return chat.Caller{Participant: s.Participant, Conversation: s.Conversation.ID}
}

// run answers until the returned function is called.
func run(t *testing.T, s *chat.Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); done.Wait() }
}

// messages waits until the conversation has n of them.
func messages(t *testing.T, s *chat.Service, c chat.Caller, n int) []wire.Message {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		page, err := s.Messages(t.Context(), c.Conversation, chat.Read{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Messages) >= n {
			return page.Messages
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages, want %d", len(page.Messages), n)
		}
		// Nothing is lost if this waits for something else: it looks again.
		if _, err := s.Messages(t.Context(), c.Conversation, chat.Read{Since: &page.Cursor, Limit: 100, Wait: 100 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
}

// An answer that was owed when the process ended is given after the restart,
// once.
func TestOwedAnswerSurvives(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.db")
	db := open(t, file)
	asked := make(chan struct{})
	stuck := chat.New(chat.Options{Store: db, Publisher: publish.Fanout{}, BotName: "Bot",
		Responder: respond(func(ctx context.Context, _ string) (chat.Answer, error) {
			close(asked)
			<-ctx.Done()
			return chat.Answer{}, ctx.Err()
		})})
	stop := run(t, stuck)
	caller := visitor(stuck.Begin())
	if _, _, err := stuck.Send(t.Context(), caller, wire.SendRequest{ClientID: "k", Body: "Hello?"}); err != nil {
		t.Fatal(err)
	}
	<-asked
	stop()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	db = open(t, file)
	defer db.Close()
	service := chat.New(chat.Options{Store: db, Publisher: publish.Fanout{}, BotName: "Bot",
		Responder: echo})
	stop = run(t, service)
	got := messages(t, service, caller, 2)
	stop()
	if len(got) != 2 || got[1].Body != "to Hello?" {
		t.Errorf("messages %+v", got)
	}
	if debts, err := db.Debts(t.Context()); err != nil || len(debts) != 0 {
		t.Errorf("still owed: %v %v", debts, err)
	}
}

// lossy fails to publish, after it has looked into the store.
type lossy struct {
	store *store.SQLite
	t     *testing.T
	lost  atomic.Int64
	leave context.CancelFunc // takes the sender away
}

func (p *lossy) Publish(ctx context.Context, _, event string, data []byte, _ chat.Socket) error {
	p.lost.Add(1)
	if p.leave(); ctx.Err() != nil {
		p.t.Errorf("%s is not published once the sender has gone", event)
	}
	if event == wire.EventMessageReceived {
		var e wire.MessageEvent
		if err := json.Unmarshal(data, &e); err != nil || e.Message == nil {
			p.t.Errorf("event %s: %v", data, err)
			return err
		}
		all, _, err := p.store.History(ctx, e.Message.ConversationID, e.Message.Seq-1, 0, 1)
		if err != nil || len(all) != 1 || all[0].ID != e.Message.ID {
			p.t.Errorf("announced before it was stored: %s (%v)", data, err)
		}
	}
	return errors.New("lost on the way")
}

// An event follows the commit, and nothing is the worse for losing it: the
// sender is told that the message is stored, who waits gets it, and it is
// announced also where the sender has gone.
func TestLostEvents(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "chat.db"))
	defer db.Close()
	sender, leave := context.WithCancel(t.Context())
	publisher := &lossy{store: db, t: t, leave: leave}
	service := chat.New(chat.Options{Store: db, Publisher: publisher, BotName: "Bot",
		Responder: echo})
	stop := run(t, service)
	defer stop()
	caller := visitor(service.Begin())
	m, created, err := service.Send(sender, caller, wire.SendRequest{ClientID: "k", Body: "Hello?"})
	if err != nil || !created || m.Seq != 1 {
		t.Errorf("send: %+v created=%v, %v", m, created, err)
	}
	if got := messages(t, service, caller, 2); got[1].Body != "to Hello?" {
		t.Errorf("messages %+v", got)
	}
	if seq, err := service.MarkRead(t.Context(), caller, 2, 0); err != nil || seq != 2 {
		t.Errorf("mark: %d, %v", seq, err)
	}
	if publisher.lost.Load() < 3 {
		t.Errorf("%d events were tried", publisher.lost.Load())
	}
}

// A responder that fails is tried again.
func TestAnswerAfterFailure(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "chat.db"))
	defer db.Close()
	tries := 0
	service := chat.New(chat.Options{Store: db, Publisher: publish.Fanout{}, BotName: "Bot",
		Responder: respond(func(context.Context, string) (chat.Answer, error) {
			if tries++; tries == 1 {
				return chat.Answer{}, errors.New("not now")
			}
			return chat.Answer{Body: "now"}, nil
		})})
	stop := run(t, service)
	defer stop()
	caller := visitor(service.Begin())
	if _, _, err := service.Send(t.Context(), caller, wire.SendRequest{ClientID: "k", Body: "Hello?"}); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, service, caller, 2); got[1].Body != "now" {
		t.Errorf("messages %+v", got)
	}
}

// While an answer is made, a poll sees the dots; they end with the answer.
func TestDotsByPolling(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "chat.db"))
	defer db.Close()
	asked, answer := make(chan struct{}), make(chan struct{})
	service := chat.New(chat.Options{Store: db, Publisher: publish.Fanout{}, BotName: "Bot",
		Responder: respond(func(context.Context, string) (chat.Answer, error) {
			close(asked)
			<-answer
			return chat.Answer{Body: "done"}, nil
		})})
	stop := run(t, service)
	defer stop()
	caller := visitor(service.Begin())
	if _, _, err := service.Send(t.Context(), caller, wire.SendRequest{ClientID: "k", Body: "Hello?"}); err != nil {
		t.Fatal(err)
	}
	<-asked
	page, err := service.Messages(t.Context(), caller.Conversation, chat.Read{Limit: 10})
	if err != nil || len(page.Signals) != 1 || page.Signals[0].Type != wire.SignalThinking || page.Signals[0].Author.Role != wire.RoleBot {
		t.Errorf("signals %+v, %v", page.Signals, err)
	}
	// One that polls without knowing of the dots is not kept waiting; one that
	// does is, until something else happens.
	known := page.SignalTag
	since := chat.Read{Since: &page.Cursor, Limit: 10, Wait: time.Hour}
	if page, err = service.Messages(t.Context(), caller.Conversation, since); err != nil || page.SignalTag != known || known == "" {
		t.Errorf("signals %+v, %v", page.Signals, err)
	}
	since.Signals = known
	answered := make(chan wire.Page, 1)
	go func() {
		page, err := service.Messages(t.Context(), caller.Conversation, since)
		if err != nil {
			t.Error(err)
		}
		answered <- page
	}()
	close(answer)
	if page := <-answered; len(page.Messages) != 1 || page.SignalTag != "" {
		t.Errorf("page %+v", page)
	}
	messages(t, service, caller, 2)
	if page, err = service.Messages(t.Context(), caller.Conversation, chat.Read{Limit: 10}); err != nil || len(page.Signals) != 0 {
		t.Errorf("after the answer: signals %+v, %v", page.Signals, err)
	}
}
