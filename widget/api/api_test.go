//go:build !js

package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatbot/widget/wire"
)

// serve runs handle as the server and gives a client for it.
func serve(t *testing.T, handle http.HandlerFunc) Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return New(HTTP{Client: server.Client()}, server.URL+"/", "site-ticket")
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestCallsAreThoseOfTheContract(t *testing.T) {
	cursor := wire.Cursor{Epoch: "e", Rev: 7}
	tests := []struct {
		name string
		call func(Client, Conversation) error
		want string
		body string
	}{
		{"config", func(c Client, _ Conversation) error { _, err := c.Config(t.Context()); return err }, "GET /api/chatbot/config", ""},
		{"create", func(c Client, _ Conversation) error { _, err := c.Create(t.Context()); return err }, "POST /api/chatbot/conversations", "{}"},
		{"sign in", func(c Client, _ Conversation) error {
			_, err := c.SignIn(t.Context(), wire.User{ID: "u1", Name: "Ann", Hash: "h"})
			return err
		}, "POST /api/chatbot/conversations", `{"user":{"id":"u1","name":"Ann","hash":"h"}}`},
		{"join", func(c Client, _ Conversation) error {
			_, err := c.Join(t.Context(), wire.JoinRequest{Code: "abc"})
			return err
		}, "POST /api/chatbot/conversations/join", `{"code":"abc"}`},
		{"badge", func(_ Client, c Conversation) error { _, err := c.Badge(t.Context()); return err }, "GET /api/chatbot/conversations/c1", ""},
		{"changes", func(_ Client, c Conversation) error { _, err := c.Changes(t.Context(), cursor, 0, "x"); return err }, "GET /api/chatbot/conversations/c1/messages?since=e-7", ""},
		{"wait", func(_ Client, c Conversation) error { _, err := c.Changes(t.Context(), cursor, 99, "x"); return err }, "GET /api/chatbot/conversations/c1/messages?since=e-7&wait=25&signals=x", ""},
		{"before", func(_ Client, c Conversation) error { _, err := c.Before(t.Context(), 9); return err }, "GET /api/chatbot/conversations/c1/messages?before=9", ""},
		{"transcript", func(_ Client, c Conversation) error { return c.SaveTranscript(t.Context(), "de", "Europe/Berlin") }, "GET /api/chatbot/conversations/c1/transcript?language=de&zone=Europe%2FBerlin", ""},
		{"invite", func(_ Client, c Conversation) error { _, err := c.Invite(t.Context()); return err }, "POST /api/chatbot/conversations/c1/invitations", "{}"},
		{"read", func(_ Client, c Conversation) error { _, err := c.Read(t.Context(), 5, 6); return err }, "POST /api/chatbot/conversations/c1/read", `{"seq":5,"delivered":6}`},
		{"typing", func(_ Client, c Conversation) error { return c.Typing(t.Context(), true, "") }, "POST /api/chatbot/conversations/c1/typing", `{"on":true}`},
		{"presence, not typing", func(_ Client, c Conversation) error { return c.Presence(t.Context(), wire.SignalAway) }, "POST /api/chatbot/conversations/c1/presence", `{"state":"away"}`},
		{"edit", func(_ Client, c Conversation) error { _, err := c.Edit(t.Context(), "m1", "Hi"); return err }, "PATCH /api/chatbot/conversations/c1/messages/m1", `{"body":"Hi"}`},
		{"remove", func(_ Client, c Conversation) error { _, err := c.Remove(t.Context(), "m1"); return err }, "DELETE /api/chatbot/conversations/c1/messages/m1", ""},
		{"stop", func(_ Client, c Conversation) error { _, err := c.Stop(t.Context(), "m1"); return err }, "POST /api/chatbot/conversations/c1/messages/m1/stop", ""},
		{"react", func(_ Client, c Conversation) error {
			_, err := c.React(t.Context(), "m1", "#️⃣", true)
			return err
		}, "PUT /api/chatbot/conversations/c1/messages/m1/reactions/%23%EF%B8%8F%E2%83%A3", ""},
		{"react no more", func(_ Client, c Conversation) error {
			_, err := c.React(t.Context(), "m1", "👍", false)
			return err
		}, "DELETE /api/chatbot/conversations/c1/messages/m1/reactions/%F0%9F%91%8D", ""},
		{"renew", func(_ Client, c Conversation) error { _, err := c.Renew(t.Context()); return err }, "POST /api/chatbot/conversations/c1/token", "{}"},
		{"revoke", func(_ Client, c Conversation) error { return c.Revoke(t.Context()) }, "DELETE /api/chatbot/conversations/c1/token", ""},
		{"authorize", func(_ Client, c Conversation) error {
			_, err := c.Authorize(t.Context(), "/broadcasting/auth", wire.ChannelAuthRequest{SocketID: "1.2", ChannelName: "private-x"})
			return err
		}, "POST /broadcasting/auth", `{"socket_id":"1.2","channel_name":"private-x"}`},
		{"no token to a foreign endpoint", func(_ Client, c Conversation) error {
			_, err := c.Authorize(t.Context(), "//evil.example/auth", wire.ChannelAuthRequest{})
			return err
		}, "POST /api/chatbot/broadcasting/auth", `{"socket_id":"","channel_name":""}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got, body, token, ticket, media string
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got, body, token = r.Method+" "+r.URL.String(), string(b), r.Header.Get("Authorization")
				ticket, media = r.Header.Get("X-Chatbot-Site"), r.Header.Get("Content-Type")
				if strings.HasSuffix(test.name, "revoke") || strings.HasSuffix(test.name, "typing") || test.name == "transcript" {
					w.WriteHeader(http.StatusNoContent)
					return
				}
				io.WriteString(w, `{"token":"new","more":"than we know","message":{"id":"m1"}}`)
			})
			if err := test.call(c, c.Conversation("c1", "secret")); err != nil {
				t.Fatal(err)
			}
			if got != test.want || body != test.body {
				t.Errorf("sent %s %s, want %s %s", got, body, test.want, test.body)
			}
			if ticket != "site-ticket" || (body != "") != (media == "application/json") {
				t.Errorf("ticket %q, media type %q", ticket, media)
			}
			if ours := strings.Contains(test.want, "/c1") || strings.Contains(test.want, "auth"); ours != (token == "Bearer secret") {
				t.Errorf("token sent: %q", token)
			}
		})
	}
}

func TestSendNamesItsSocket(t *testing.T) {
	for socket, want := range map[string]string{"12.34": "12.34", "": "", "1.2\r\nX: y": "", "abc": ""} {
		var got string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("X-Socket-ID")
			w.WriteHeader(201)
			json.NewEncoder(w).Encode(wire.SendAnswer{Message: wire.Message{ClientID: "k", Seq: 3}})
		})
		m, err := c.Conversation("c1", "t").Send(t.Context(), wire.SendRequest{ClientID: "k", Body: "hi"}, socket)
		if err != nil || m.Seq != 3 || got != want {
			t.Errorf("socket %q: header %q, message %+v, error %v", socket, got, m, err)
		}
	}
}

func TestSendBelievesOnlyItsOwnAnswer(t *testing.T) {
	for _, body := range []string{`{}`, `{"message":{"clientId":"other","seq":1}}`, `{"message":{"clientId":"k"}}`} {
		_, err := serve(t, answer(201, body)).Conversation("c", "t").Send(t.Context(), wire.SendRequest{ClientID: "k", Body: "hi"}, "")
		if !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v, want an answer that cannot be read", body, err)
		}
	}
}

func TestChangeBelievesOnlyItsOwnAnswer(t *testing.T) {
	for _, body := range []string{`{}`, `{"message":{"id":"other"}}`} {
		if _, err := serve(t, answer(200, body)).Conversation("c", "t").Edit(t.Context(), "m1", "hi"); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v, want an answer that cannot be read", body, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		status      int
		retry, body string
		want        wire.Error
	}{
		{429, "12", `{"error":{"code":"rate_limited","message":"Slow down."}}`, wire.Error{Code: wire.CodeRateLimited, Message: "Slow down.", RetryAfter: 12}},
		{503, "99999999", `{"error":{"code":"too_many_waiting","message":"m"}}`, wire.Error{Code: wire.CodeTooManyWaiting, Message: "m", RetryAfter: MaxRetryAfter}},
		{401, "-5", `{"error":{"code":"token_expired","message":"m"}}`, wire.Error{Code: wire.CodeTokenExpired, Message: "m"}},
		{502, "Wed, 21 Oct 2015 07:28:00 GMT", "<html>Bad Gateway", wire.Error{Code: wire.CodeUnavailable, Message: "The chat server answered with status 502."}},
		{401, "", "", wire.Error{Code: wire.CodeUnauthorized, Message: "The chat server answered with status 401."}},
		{404, "", `{"error":null}`, wire.Error{Code: wire.CodeNotFound, Message: "The chat server answered with status 404."}},
		{413, "", "x", wire.Error{Code: wire.CodeBodyTooLarge, Message: "The chat server answered with status 413."}},
		{418, "", "x", wire.Error{Code: wire.CodeInvalidField, Message: "The chat server answered with status 418."}},
		{500, "", `{"error":{}}`, wire.Error{Code: wire.CodeInternal, Message: "The chat server answered with status 500."}},
		{302, "", "", wire.Error{Code: wire.CodeInternal, Message: "The chat server answered with status 302."}},
	}
	for _, test := range tests {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", test.retry)
			answer(test.status, test.body)(w, nil)
		})
		_, err := c.Config(t.Context())
		var got *wire.Error
		if !errors.As(err, &got) || got.Code != test.want.Code || got.Message != test.want.Message || got.RetryAfter != test.want.RetryAfter || errors.Is(err, ErrUnreachable) {
			t.Errorf("%d %s: got %+v, want %+v", test.status, test.body, got, test.want)
		}
	}
}

func TestUnreachable(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"no server":      func() error { _, err := New(HTTP{}, gone.URL, "").Config(t.Context()); return err },
		"a captive page": func() error { _, err := serve(t, answer(200, "<html>")).Config(t.Context()); return err },
		"cut short": func() error {
			_, err := serve(t, answer(200, `{"providers":["reverb"`)).Config(t.Context())
			return err
		},
		"context ended": func() error { _, err := serve(t, answer(200, "{}")).Config(ended); return err },
		"a strange cursor": func() error {
			_, err := serve(t, answer(200, `{"cursor":"nonsense"}`)).Conversation("c", "t").Before(t.Context(), 1)
			return err
		},
	}
	for name, call := range calls {
		err := call()
		var e *wire.Error
		if !errors.Is(err, ErrUnreachable) || !errors.As(err, &e) || e.Code != wire.CodeUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJoinIsCheckedBeforeItIsSent(t *testing.T) {
	c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") })
	if _, err := c.SignIn(t.Context(), wire.User{Hash: "h"}); err == nil {
		t.Error("a user without an id was accepted")
	}
	if _, err := c.Join(t.Context(), wire.JoinRequest{Code: "no spaces"}); err == nil {
		t.Error("accepted")
	}
}

func TestReadAndRenew(t *testing.T) {
	c := serve(t, answer(200, `{"readSeq":7,"token":"new","expiresAt":"2026-01-02T15:04:05.678Z"}`)).Conversation("c", "t")
	if seq, err := c.Read(t.Context(), 5, 0); err != nil || seq != 7 {
		t.Errorf("read: %d, %v", seq, err)
	}
	if renewed, err := c.Renew(t.Context()); err != nil || renewed.Token != "new" || renewed.ExpiresAt != 1767366245678 {
		t.Errorf("renew: %+v, %v", renewed, err)
	}
	if _, err := serve(t, answer(200, `{}`)).Conversation("c", "t").Renew(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("an answer without a token: %v", err)
	}
	if err := serve(t, answer(204, "")).Conversation("c", "t").Revoke(t.Context()); err != nil {
		t.Errorf("revoke: %v", err)
	}
	if err := serve(t, answer(200, "<html>")).Conversation("c", "t").Revoke(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("revoked by a captive page: %v", err)
	}
}
