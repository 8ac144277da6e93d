package app_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"chatbot/assets"
	"chatbot/server/app"
	"chatbot/server/config"
	"chatbot/widget/wire"
)

// run starts a server with the data in dir.
func run(t *testing.T, dir string) (a *app.App, stop func()) {
	t.Helper()
	if !assets.Built() {
		t.Fatal("the widget is not built; run `make assets`")
	}
	c := config.DefaultServe()
	c.Addr, c.DataDir = "localhost:0", dir
	return serveWith(t, c, slog.DiscardHandler)
}

func serveWith(t *testing.T, c config.Serve, log slog.Handler) (a *app.App, stop func()) {
	t.Helper()
	a, err := app.New(c, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	return a, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// call makes a request of the message API and decodes its answer.
func call(t *testing.T, a *app.App, method, path, token, body string, answer any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && answer != nil {
		err = json.Unmarshal(content, answer)
	}
	if err != nil {
		t.Fatalf("%s %s: %s: %v", method, path, content, err)
	}
	return response.StatusCode
}

// A revoked token stays so when the server comes back.
func TestRevocationSurvives(t *testing.T) {
	dir := t.TempDir()
	a, stop := run(t, dir)
	var gone, kept wire.Session
	call(t, a, "POST", wire.PathConversations, "", "{}", &gone)
	call(t, a, "POST", wire.PathConversations, "", "{}", &kept)
	if code := call(t, a, "DELETE", path(wire.PathToken, gone), gone.Token, "", nil); code != http.StatusNoContent {
		t.Fatalf("revoke: %d", code)
	}
	stop()
	a, stop = run(t, dir)
	defer stop()
	var refusal wire.ErrorAnswer
	if call(t, a, "GET", path(wire.PathConversation, gone), gone.Token, "", &refusal); refusal.Error == nil || refusal.Error.Code != wire.CodeTokenRevoked {
		t.Errorf("after a restart: %+v", refusal.Error)
	}
	if code := call(t, a, "GET", path(wire.PathConversation, kept), kept.Token, "", nil); code != http.StatusOK {
		t.Errorf("another token: %d", code)
	}
}

func path(pattern string, s wire.Session) string {
	return strings.Replace(pattern, "{id}", s.Conversation.ID, 1)
}
