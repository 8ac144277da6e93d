package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatbot/server/app"
	"chatbot/server/config"
	"chatbot/widget/wire"
)

// However the server's address is written, it is the one that browsers name: they
// leave out the scheme's own port and write hosts in lower case.
func TestOwnAddressAsBrowsersSayIt(t *testing.T) {
	a, stop := runWith(t, func(c *config.Serve) { c.PublicURL = "https://Chat.Example:443/" })
	defer stop()
	if a.URL() != "https://chat.example" {
		t.Errorf("it says it is at %s", a.URL())
	}
	for host, want := range map[string]int{
		"chat.example": 200, "Chat.Example": 200, "chat.example:443": 200, // the last as programs do
		"chat.example:80": 421, "other.example": 421,
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+a.Addr()+wire.PathConfig, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Origin", "https://chat.example")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("Host %s: %d, want %d", host, answer.StatusCode, want)
		}
	}
}

// runWith is run with another configuration.
func runWith(t *testing.T, change func(*config.Serve)) (a *app.App, stop func()) {
	t.Helper()
	c := config.DefaultServe()
	c.Addr, c.DataDir = "localhost:0", t.TempDir()
	change(&c)
	return serveWith(t, c, slog.DiscardHandler)
}

// A webhook's receiver that hangs keeps the server from ending, but no door open:
// whoever is told to come back would come in vain.
func TestStopClosesTheDoorFirst(t *testing.T) {
	called, answer := make(chan struct{}, 10), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		called <- struct{}{}
		<-answer
	}))
	defer receiver.Close()
	release := sync.OnceFunc(func() { close(answer) })
	defer release()
	a, stop := runWith(t, func(c *config.Serve) {
		c.Webhooks, c.PrivateWebhooks = []string{receiver.URL}, "on"
	})
	var settings wire.Config
	call(t, a, "GET", wire.PathConfig, "", "", &settings)
	socket, _, err := websocket.Dial(t.Context(), fmt.Sprintf("ws://%s/app/%s?protocol=7", a.Addr(), settings.Reverb.Key), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	if err := socket.Write(t.Context(), websocket.MessageText, []byte(`{"event":"pusher:subscribe","data":{"channel":"news"}}`)); err != nil {
		t.Fatal(err)
	}
	<-called
	go func() { // reads until it is asked to say goodbye
		for err := error(nil); err == nil; {
			_, _, err = socket.Read(t.Context())
		}
	}()

	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for refused := false; !refused && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.Addr())
		if refused = errors.Is(err, syscall.ECONNREFUSED); err == nil {
			conn.Close()
		}
	}
	if ctx.Err() != nil {
		t.Error("the door stood open for five seconds")
	}
	select {
	case <-ended:
		t.Error("it ended without the receiver's answer")
	default:
	}
	release()
	<-ended
}
