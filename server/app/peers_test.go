package app_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"chatbot/server/bench/soketi"
	"chatbot/server/pusher/pushertest"
	"chatbot/widget/realtime"
	"chatbot/widget/wire"
)

// soketiFolder is where soketi is installed.
const soketiFolder = "../bench/soketi/testdata"

// peers are servers of the Pusher protocol that the widget's client is tried
// with: each takes a port and the secret of its application, and can be ended.
var peers = map[string]func(t *testing.T, port int, secret string) (end func()){
	"ours": func(t *testing.T, port int, secret string) func() {
		env := strings.ReplaceAll(theirs, "PUSHER", "REVERB")
		return start(t, strings.ReplaceAll(env, theirSecret, secret), fmt.Sprintf("--addr=localhost:%d", port)).stop
	},
	"soketi": func(t *testing.T, port int, secret string) func() {
		pushertest.Installed(t, soketiFolder)
		s, err := soketi.Start(t.Context(), soketi.Options{Folder: soketiFolder, Port: port, ID: "2", Key: "their-key", Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Kill)
		return s.Kill
	},
}

const theirSecret = "canary-pusher"

// attached is a visitor who has nothing but the peer on a port.
func attached(t *testing.T, port int, dial realtime.Dial) *visitor {
	chat := start(t, ours+theirs+fmt.Sprintf("PUSHER_HOST=localhost\nPUSHER_PORT=%d\nPUSHER_SCHEME=http\n", port))
	c := chat.answer(t)
	c.Providers = []wire.Provider{wire.ProviderPusher}
	session := ask[wire.Session](t, "POST", chat.URL()+wire.PathConversations, "", struct{}{})
	return listen(t, chat.URL(), session, c, func(o *realtime.Options) { o.Dial = dial })
}

// write posts a message in such a way that the writer's socket hears it too.
func (v *visitor) write(body string) {
	v.t.Helper()
	path := strings.Replace(wire.PathMessages, "{id}", v.session.Conversation.ID, 1)
	ask[wire.SendAnswer](v.t, "POST", v.url+path, v.session.Token, wire.SendRequest{ClientID: body, Body: body})
}

// The widget's client connects, subscribes with a signature, hears events, asks
// for signs of life, and comes back when the server does.
func TestPeers(t *testing.T) {
	for name, peer := range peers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			end := peer(t, port, theirSecret)
			pongs := make(chan struct{}, 1)
			v := attached(t, port, impatient(pongs))
			up := await(v, "a socket", func(realtime.Up) bool { return true })
			if want := fmt.Sprintf("localhost:%d", port); up.Provider != wire.ProviderPusher || up.Address != want {
				t.Errorf("connected to %+v, want %s", up, want)
			}
			v.subscribed(wire.ProviderPusher)
			v.write("before")
			v.hears("before")
			select {
			case <-pongs:
			case <-time.After(patience):
				t.Error("no answer to a ping")
			}

			end()
			await(v, "the end", func(realtime.Down) bool { return true })
			peer(t, port, theirSecret)
			v.subscribed(wire.ProviderPusher)
			v.write("after")
			v.hears("after")
		})
	}
}

// With another secret the server does not believe the signature, and the
// visitor is not told of a subscription.
func TestPeersWithAnotherSecret(t *testing.T) {
	for name, peer := range peers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			peer(t, port, "canary-another")
			v := attached(t, port, nil)
			await(v, "a refusal", func(e realtime.Event) bool {
				if subscribed, ok := e.(realtime.Subscribed); ok {
					t.Errorf("%+v", subscribed)
				}
				down, ok := e.(realtime.Down)
				return ok && strings.Contains(down.Reason, "refused")
			})
			if id := v.ladder.SocketID(); id != "" {
				t.Errorf("the socket %s counts as subscribed", id)
			}
		})
	}
}

// impatient is a dialler whose sockets ask for a sign of life after a second of
// silence, whatever the server wishes, and that tells of the answers.
func impatient(pongs chan<- struct{}) realtime.Dial {
	return func(ctx context.Context, url string) (realtime.Conn, error) {
		conn, err := realtime.WebSocket(ctx, url)
		return impatientConn{conn, pongs}, err
	}
}

type impatientConn struct {
	realtime.Conn
	pongs chan<- struct{}
}

func (c impatientConn) Read() ([]byte, error) {
	message, err := c.Conn.Read()
	if bytes.Contains(message, []byte(`"pusher:pong"`)) {
		select {
		case c.pongs <- struct{}{}:
		default:
		}
	}
	return bytes.Replace(message, []byte(`\"activity_timeout\":30`), []byte(`\"activity_timeout\":1`), 1), err
}
