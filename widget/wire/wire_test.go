package wire_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/widget/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every body and event of the contract as JSON: a change here is a change of
// the contract, and somebody's client will see it.
func TestGolden(t *testing.T) {
	at := wire.Time(1767366245678)
	message := wire.Message{
		ID: "m1", ConversationID: "c1", Seq: 1, Rev: 2, ClientID: "k1",
		Author: wire.Author{ID: "p1", Role: wire.RoleVisitor, Name: "Ann"}, Role: wire.RoleVisitor,
		Kind: wire.KindText, Body: "Hello", Status: wire.StatusComplete, CreatedAt: at,
		Reactions: []wire.Reaction{}, Attachments: []wire.Attachment{},
	}
	cursor := wire.Cursor{Epoch: "e1", Rev: 2}
	for name, v := range map[string]any{
		"message": message,
		"message-talk": wire.Message{
			ID: "m2", ConversationID: "c1", Seq: 2, Rev: 4, Author: wire.Author{ID: "bot", Role: wire.RoleBot, Name: "Assistant"}, Role: wire.RoleBot,
			Kind: wire.KindText, Body: "See [it](https://a.example)", Status: wire.StatusComplete, CreatedAt: at, EditedAt: &at, ReplyTo: "m1",
			Content: []wire.Node{{Kind: "p", Children: []wire.Node{{Kind: "text", Text: "See "}, {Kind: "a", Href: "https://a.example", Children: []wire.Node{{Kind: "text", Text: "it"}}}}},
				{Kind: "code", Text: "x", Language: "go"}, {Kind: "h", Number: 2, Children: []wire.Node{{Kind: "text", Text: "Two"}}}},
			Reactions: []wire.Reaction{{Emoji: "👍", By: []string{"p1"}}}, Attachments: []wire.Attachment{},
		},
		"send":    wire.SendRequest{ClientID: "k", Body: "Hello", ReplyTo: "m1"},
		"typing":  wire.TypingRequest{On: true},
		"delta":   wire.MessageDelta{MessageID: "m2", Offset: 4, Text: "more"},
		"append":  wire.EditRequest{Append: "more", Offset: 4, Status: wire.StatusComplete},
		"edit":    wire.EditRequest{Body: "Hello!"},
		"session": wire.Session{Conversation: wire.Conversation{ID: "c1", CreatedAt: at}, Participant: wire.Participant{ID: "p1"}, Cursor: cursor, Token: "t", ExpiresAt: at + 1},
		"page": wire.Page{Messages: []wire.Message{message}, Participants: []wire.Participant{{ID: "p1", Role: wire.RoleVisitor, Name: "Ann", ReadSeq: 1}},
			Signals: []wire.Signal{{Type: wire.SignalThinking, Author: wire.Author{ID: "bot", Role: wire.RoleBot, Name: "Assistant"}, TTL: 6000}},
			Cursor:  cursor, Epoch: "e1", LastSeq: 1},
		"event":             wire.MessageEvent{Message: &message, Rev: 2, Epoch: "e1"},
		"event-partial":     wire.MessageEvent{Rev: 2, Epoch: "e1", Partial: true},
		"participant-event": wire.ParticipantEvent{Participant: wire.Participant{ID: "p1", Role: wire.RoleVisitor, Name: "Ann", ReadSeq: 1}, Rev: 3, Epoch: "e1"},
		"token":             wire.TokenAnswer{Token: "t", ExpiresAt: at},
		"create":            wire.CreateRequest{User: &wire.User{ID: "u1", Name: "Ann", Hash: "h"}},
		"read":              wire.ReadRequest{Seq: 1},
		"read-answer":       wire.ReadAnswer{ReadSeq: 1},
		"badge":             wire.Badge{Conversation: wire.Conversation{ID: "c1", CreatedAt: at}, LastSeq: 3, ReadSeq: 1, Unread: 2},
		"error":             wire.ErrorAnswer{Error: &wire.Error{Code: wire.CodeNotFound, Message: "No.", RetryAfter: 3, Cause: errors.New("kept inside")}},
		"config": wire.Config{
			RealtimeProvider: wire.ProviderReverb, Providers: []wire.Provider{wire.ProviderReverb},
			Reverb:  wire.ReverbConfig{Enabled: true, Key: "k", Host: "localhost", Port: 8000, Scheme: "http", AuthEndpoint: wire.PathChannelAuth},
			Polling: wire.PollingConfig{Interval: 2000, Wait: 25}, Features: []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(v, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestTimeSurvivesJSON(t *testing.T) {
	for _, at := range []wire.Time{0, 1, 1767366245678, -1} {
		b, err := json.Marshal(at)
		if err != nil {
			t.Fatal(err)
		}
		var back wire.Time
		if err := json.Unmarshal(b, &back); err != nil || back != at {
			t.Errorf("%s became %v (%v)", b, back, err)
		}
	}
	var at wire.Time
	if err := json.Unmarshal([]byte(`"yesterday"`), &at); err == nil || !strings.Contains(err.Error(), "RFC 3339") {
		t.Errorf("a wrong time gave %v", err)
	}
}

func TestCursor(t *testing.T) {
	for _, c := range []wire.Cursor{{Epoch: "e", Rev: 0}, {Epoch: "a-b_c", Rev: 1 << 60}} {
		if back, err := wire.ParseCursor(c.String()); err != nil || back != c {
			t.Errorf("%v became %v (%v)", c, back, err)
		}
	}
	// None at all is written as an empty text, and read as it was.
	none := wire.Cursor{Epoch: "e", Rev: 1}
	if text, err := (wire.Cursor{}).MarshalText(); err != nil || len(text) > 0 || none.UnmarshalText(text) != nil || none != (wire.Cursor{}) {
		t.Errorf("no cursor is written as %q (%v), and read as %v", text, err, none)
	}
	for _, s := range []string{"", "-", "e", "e-", "-1", "e-+1", "e-1x", "e 1-1", "é-1", strings.Repeat("e", 64) + "-1"} {
		var refusal *wire.Error
		if c, err := wire.ParseCursor(s); !errors.As(err, &refusal) || refusal.Code != wire.CodeInvalidCursor {
			t.Errorf("ParseCursor(%q) = %v, %v", s, c, err)
		}
	}
}

func TestValidate(t *testing.T) {
	long := strings.Repeat("é", wire.MaxMessageChars)
	for _, c := range []struct {
		send wire.SendRequest
		code wire.Code
	}{
		{wire.SendRequest{ClientID: "a", Body: "hi"}, ""},
		{wire.SendRequest{ClientID: "a", Body: long}, ""},
		{wire.SendRequest{ClientID: "a", Body: long + "é"}, wire.CodeMessageTooLong},
		{wire.SendRequest{ClientID: "a", Body: " \n\t"}, wire.CodeMessageEmpty},
		{wire.SendRequest{ClientID: "a", Body: "\u200b\u202e"}, wire.CodeMessageEmpty},
		{wire.SendRequest{ClientID: "a", Body: "a\x00b"}, wire.CodeInvalidField},
		{wire.SendRequest{ClientID: "a", Body: "\xff"}, wire.CodeInvalidField},
		{wire.SendRequest{ClientID: "a", Status: wire.StatusStreaming}, ""},
		{wire.SendRequest{ClientID: "a", Status: wire.StatusComplete}, wire.CodeMessageEmpty},
		{wire.SendRequest{ClientID: "a", Body: "hi", Status: wire.StatusFailed}, wire.CodeInvalidField},
		{wire.SendRequest{ClientID: "a", Body: "hi", ReplyTo: "a b"}, wire.CodeInvalidField},
		{wire.SendRequest{ClientID: "", Body: "hi"}, wire.CodeInvalidField},
		{wire.SendRequest{ClientID: "a b", Body: "hi"}, wire.CodeInvalidField},
	} {
		var refusal *wire.Error
		errors.As(c.send.Validate(), &refusal)
		if got := refusal; (got == nil) != (c.code == "") || got != nil && got.Code != c.code {
			t.Errorf("%.20q %.20q: got %v, want %q", c.send.ClientID, c.send.Body, got, c.code)
		}
	}
	for name, ok := range map[string]bool{"": true, "Ann Lee": true, "a\nb": false, "a\u202eb": false, strings.Repeat("a", 81): false} {
		if err := wire.ValidateName(name); (err == nil) != ok {
			t.Errorf("ValidateName(%.10q) = %v", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	for channel, want := range map[string]string{
		"private-chat.conversation.c1":           "c1",
		"presence-chat.conversation.c1":          "c1",
		"private-chat.conversation.":             "",
		"private-chat.conversation.a.b":          "",
		"private-encrypted-chat.conversation.c1": "",
		"chat.conversation.c1":                   "",
	} {
		if id, ok := wire.ConversationOf(channel); ok != (want != "") || ok && id != want {
			t.Errorf("ConversationOf(%q) = %q, %v", channel, id, ok)
		}
	}
	for socket, ok := range map[string]bool{"1.2": true, "12.34": true, "1": false, "1.": false, ".1": false, "1.2.3": false, "1.2:private-x": false, "a.1": false, "": false} {
		if wire.ValidSocketID(socket) != ok {
			t.Errorf("ValidSocketID(%q) is not %v", socket, ok)
		}
	}
	for name, want := range map[string]string{`App\Events\ChatMessageReceived`: "ChatMessageReceived", ".ChatMessageReceived": "ChatMessageReceived", "ChatMessageReceived": "ChatMessageReceived"} {
		if got := wire.EventName(name); got != want {
			t.Errorf("EventName(%q) = %q", name, got)
		}
	}
}
