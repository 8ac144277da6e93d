package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chatbot/server/chat"
	"chatbot/server/store"
	"chatbot/widget/wire"
)

const (
	// clients is how many poll when the server goes.
	clients = 1000
	// retry is how long a client waits after a failed poll.
	retry = 100 * time.Millisecond
)

// BenchmarkRestart stops a server that 1,000 clients poll, lets something be
// said in each conversation, and reports how long it takes from the start of the
// next server until every client knows of it.
func BenchmarkRestart(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		s, stop := startAt(b, "localhost:0", dir)
		sessions := make([]wire.Session, clients)
		for i := range sessions {
			s.call(b, "POST", wire.PathConversations, "", struct{}{}, &sessions[i])
		}
		ctx, cancel := context.WithCancel(b.Context())
		var group sync.WaitGroup
		told := make(chan struct{}, clients)
		for i, session := range sessions {
			group.Go(func() { follow(ctx, s, session, i, told) })
		}
		s.client.CloseIdleConnections()
		stop()
		speak(b, dir, sessions)

		address, err := url.Parse(s.url)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		_, stop = startAt(b, address.Host, dir)
		up := time.Since(began)
		for range clients {
			<-told
		}
		b.ReportMetric(float64(up)/float64(time.Millisecond), "start-ms")
		b.ReportMetric(float64(time.Since(began))/float64(time.Millisecond), "all-current-ms")
		cancel()
		group.Wait()
		stop()
	}
}

// speak stores a message in each conversation while no server runs.
func speak(b *testing.B, dir string, sessions []wire.Session) {
	b.Helper()
	db, err := store.Open(b.Context(), filepath.Join(dir, "chatbot.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for i, session := range sessions {
		_, err := db.AppendMessage(b.Context(), chat.NewMessage{
			ID: fmt.Sprint("m", i), ConversationID: session.Conversation.ID, ClientID: "k", Body: text, CreatedAt: wire.TimeOf(time.Now()),
			Author: wire.Author{ID: session.Participant.ID, Role: wire.RoleVisitor},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// follow polls until there is a message, or ctx ends.
func follow(ctx context.Context, s *server, session wire.Session, i int, told chan<- struct{}) {
	address := s.url + strings.Replace(wire.PathMessages, "{id}", session.Conversation.ID, 1) + "?wait=25&since=" + session.Cursor.String()
	for ctx.Err() == nil {
		if page, err := poll(ctx, s, address, session.Token, i); err == nil && len(page.Messages) > 0 {
			told <- struct{}{}
			return
		}
		select {
		case <-time.After(retry):
		case <-ctx.Done():
		}
	}
}

func poll(ctx context.Context, s *server, address, token string, i int) (page wire.Page, err error) {
	r, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return page, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.0.%d.%d", i/250, i%250))
	answer, err := s.client.Do(r)
	if err != nil {
		return page, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return page, fmt.Errorf("%s", answer.Status)
	}
	return page, json.NewDecoder(answer.Body).Decode(&page)
}
