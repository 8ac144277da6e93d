package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"chatbot/server/auth"
	"chatbot/server/chat"
	"chatbot/server/httpapi"
	"chatbot/server/markdown"
	"chatbot/server/store"
	"chatbot/widget/wire"
)

// files is a built widget small enough to see through.
type files map[string]string

func (f files) Read(stored string) ([]byte, error) {
	content, ok := f[stored]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(content), nil
}

func (f files) File(name string) (httpapi.File, bool) {
	_, ok := f[name]
	file := httpapi.File{Type: "text/javascript; charset=utf-8", ETag: `"e"`, Name: name, Immutable: strings.Contains(name, ".hash.")}
	if strings.HasSuffix(name, ".html") {
		file.Type = "text/html; charset=utf-8"
	}
	if _, packed := f[name+".br"]; packed {
		file.Brotli, file.Gzip = name+".br", name+".gz"
	}
	return file, ok
}

// echo answers with the question.
type echo struct{}

func (echo) Respond(_ context.Context, question string, _ []wire.Message) (chat.Answer, error) {
	return chat.Answer{Body: "You said: " + question}, nil
}

// events collects what is published.
type events struct {
	mu  sync.Mutex
	all []string // "channel event socket", with the socket's provider behind an @
}

func (e *events) Publish(_ context.Context, channel, event string, _ []byte, except chat.Socket) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	line := channel + " " + event + " " + except.ID
	if except.Provider != "" {
		line += "@" + string(except.Provider)
	}
	e.all = append(e.all, line)
	return nil
}

func (e *events) list() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.all...)
}

const (
	ownOrigin = "http://chat.test"
	site      = "https://shop.example"
	serverKey = "server-key-of-the-test-1234"
)

// server is an API over a real store, with a clock that can be put forward.
type server struct {
	t          *testing.T
	handler    http.Handler
	api        *httpapi.API
	events     *events
	log        *bytes.Buffer
	tokens     *auth.Tokens
	tickets    *auth.Tickets
	sockets    *auth.Sockets
	identities *auth.Identities
	endpoint   endpoint
	mu         sync.Mutex
	now        time.Time
}

func (s *server) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *server) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func newServer(t *testing.T, change ...func(*httpapi.Options)) *server {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.LoadKeys(t.TempDir(), func(name string) string {
		return map[string]string{"CHATBOT_SERVER_KEY": serverKey}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	origins, err := auth.ParseOrigins([]string{site})
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, events: &events{}, log: &bytes.Buffer{}, now: time.Now(), tokens: auth.NewTokens(keys), tickets: auth.NewTickets(keys), sockets: auth.NewSockets(), identities: auth.NewIdentities(keys)}
	service := chat.New(chat.Options{Store: db, Publisher: s.events, Responder: echo{}, Format: markdown.Parse, BotName: "Bot", Clock: s.clock})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	options := httpapi.Options{
		Chat:                   service,
		Config:                 wire.Config{RealtimeProvider: wire.ProviderReverb, Providers: []wire.Provider{wire.ProviderReverb}, Reverb: wire.ReverbConfig{Enabled: true, Key: keys.ReverbAppKey, Host: "chat.test", Port: 80, Scheme: "http"}},
		Signers:                map[wire.Provider]httpapi.Signer{wire.ProviderReverb: {Key: "key", Secret: "secret"}},
		Tokens:                 s.tokens,
		Tickets:                s.tickets,
		Identities:             s.identities,
		ServerKey:              keys.ServerKey,
		Origins:                origins,
		Sockets:                s.sockets,
		Endpoint:               &s.endpoint,
		OwnOrigins:             []string{ownOrigin},
		ConversationsPerMinute: 30,
		MessagesPerMinute:      60,
		Files: files{
			"chatbot-frame.html": `<meta name="chatbot-ticket" content=""><meta name="chatbot-config" content=""><link rel="icon" href="data:,"><p>frame</p><script src="frame.hash.js" async></script>`,
			"chatbot-widget.js":  "plain", "chatbot-widget.js.br": "brotli", "chatbot-widget.js.gz": "gzip",
			"frame.hash.js": "hashed",
		},
		Docs:   fstest.MapFS{"GUIDE.md": {Data: []byte("# The guide\n\nSee [it](GUIDE.md#x) <script>alert(1)</script>\n")}, "picture.png": {Data: []byte("\x89PNG")}, "plot.svg": {Data: []byte("<svg/>")}, "other.txt": {Data: []byte("x")}},
		Ready:  func(*http.Request) error { return nil },
		Clock:  s.clock,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&options)
	}
	api, err := httpapi.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.api, s.handler = api, api.Handler()
	return s
}

// call is one request; header is "Name: value" lines.
func (s *server) call(method, path, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, ownOrigin+path, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.1:1234"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// begin makes a conversation.
func (s *server) begin() wire.Session {
	s.t.Helper()
	w := s.call("POST", wire.PathConversations, "{}")
	if w.Code != http.StatusCreated {
		s.t.Fatalf("begin: %d %s", w.Code, w.Body)
	}
	return decode[wire.Session](s.t, w)
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

func bearer(token string) string { return "Authorization: Bearer " + token }

func of(path, id string) string { return strings.Replace(path, "{id}", id, 1) }

func (s *server) send(session wire.Session, clientID, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	encoded, err := json.Marshal(wire.SendRequest{ClientID: clientID, Body: body})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.call("POST", of(wire.PathMessages, session.Conversation.ID), string(encoded), append(header, bearer(session.Token))...)
}

// message is the path of one.
func message(session wire.Session, id string) string {
	return strings.Replace(of(wire.PathMessage, session.Conversation.ID), "{message}", id, 1)
}

// until polls with a wait until the page is as wanted.
func (s *server) until(session wire.Session, wanted func(wire.Page) bool) wire.Page {
	s.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		w := s.call("GET", of(wire.PathMessages, session.Conversation.ID)+"?since="+session.Cursor.String()+"&wait=1", "", bearer(session.Token))
		page := decode[wire.Page](s.t, w)
		if wanted(page) {
			return page
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain; last: %s", w.Body)
		}
	}
}

func TestConversation(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	w := s.send(session, "k1", "Hello")
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	sent := decode[wire.SendAnswer](t, w).Message
	if sent.Seq != 1 || sent.ClientID != "k1" || sent.Author.ID != session.Participant.ID || sent.Author.Role != wire.RoleVisitor {
		t.Errorf("sent %+v", sent)
	}
	page := s.until(session, func(p wire.Page) bool { return len(p.Messages) == 2 })
	if answer := page.Messages[1]; answer.Body != "You said: Hello" || answer.Author.Role != wire.RoleBot || answer.Seq != 2 {
		t.Errorf("answer %+v", answer)
	}
	if again := s.send(session, "k1", "Hello"); again.Code != http.StatusOK || decode[wire.SendAnswer](t, again).Message.ID != sent.ID {
		t.Errorf("sent again: %d %s", again.Code, again.Body)
	}
	if other := s.send(session, "k1", "Other"); other.Code != http.StatusConflict {
		t.Errorf("another text under the same client id: %d", other.Code)
	}
	badge := decode[wire.Badge](t, s.call("GET", of(wire.PathConversation, session.Conversation.ID), "", bearer(session.Token)))
	if badge.LastSeq != 2 || badge.Unread != 1 || badge.ReadSeq != 1 {
		t.Errorf("badge %+v", badge)
	}
	history := decode[wire.Page](t, s.call("GET", of(wire.PathMessages, session.Conversation.ID)+"?before=2", "", bearer(session.Token)))
	if len(history.Messages) != 1 || history.Messages[0].Seq != 1 || history.HasMore {
		t.Errorf("history %+v", history)
	}
}

// Nothing is stored before something is said, and reading says so quietly.
func TestBeginStoresNothing(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	page := decode[wire.Page](t, s.call("GET", of(wire.PathMessages, session.Conversation.ID)+"?since="+session.Cursor.String(), "", bearer(session.Token)))
	if len(page.Messages) != 0 || page.Cursor != session.Cursor {
		t.Errorf("page %+v", page)
	}
	list := decode[wire.ConversationList](t, s.call("GET", wire.PathConversations, "", bearer(serverKey)))
	if len(list.Conversations) != 0 {
		t.Errorf("stored: %+v", list)
	}
}

func TestInvitation(t *testing.T) {
	s := newServer(t)
	host := s.begin()
	s.send(host, "k1", "Hello")
	w := s.call("POST", of(wire.PathInvitations, host.Conversation.ID), "", bearer(host.Token))
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	invitation := decode[wire.Invitation](t, w)
	join := fmt.Sprintf(`{"code":%q,"name":"Ben"}`, invitation.Code)
	w = s.call("POST", wire.PathJoin, join)
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	guest := decode[wire.Session](t, w)
	if guest.Conversation.ID != host.Conversation.ID || guest.Participant.ID == host.Participant.ID {
		t.Fatalf("guest %+v", guest)
	}
	if again := s.call("POST", wire.PathJoin, join); again.Code != http.StatusNotFound {
		t.Errorf("the code worked twice: %d", again.Code)
	}
	s.send(guest, "k1", "Hi, I am Ben")
	page := s.until(host, func(p wire.Page) bool { return len(p.Messages) >= 3 })
	found := false
	for _, m := range page.Messages {
		found = found || m.Body == "Hi, I am Ben" && m.Author.Name == "Ben" && m.Author.ID == guest.Participant.ID
	}
	if !found {
		t.Errorf("the host does not see the guest: %+v", page.Messages)
	}
	w = s.call("POST", of(wire.PathInvitations, host.Conversation.ID), "", bearer(host.Token))
	late := decode[wire.Invitation](t, w)
	s.pass(chat.InvitationLifetime + time.Second)
	if w := s.call("POST", wire.PathJoin, fmt.Sprintf(`{"code":%q}`, late.Code)); w.Code != http.StatusNotFound {
		t.Errorf("an expired code worked: %d", w.Code)
	}
}

// An answer that was lost does not spend the invitation: whoever has made the
// request can make it again, and nobody else can.
func TestJoinAgain(t *testing.T) {
	s := newServer(t)
	host := s.begin()
	s.send(host, "k1", "Hello")
	code := decode[wire.Invitation](t, s.call("POST", of(wire.PathInvitations, host.Conversation.ID), "", bearer(host.Token))).Code
	join := func(nonce string) *httptest.ResponseRecorder {
		t.Helper()
		return s.call("POST", wire.PathJoin, fmt.Sprintf(`{"code":%q,"name":"Ben","nonce":%q}`, code, nonce))
	}
	const nonce = "0123456789abcdef"
	w := join(nonce)
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	lost := decode[wire.Session](t, w)
	s.pass(time.Second)
	w = join(nonce)
	guest := decode[wire.Session](t, w)
	if w.Code != http.StatusOK || guest.Participant.ID != lost.Participant.ID || guest.Conversation != lost.Conversation || guest.Token == "" || guest.Token == lost.Token {
		t.Errorf("again: %d %s, at first %+v", w.Code, w.Body, lost)
	}
	if w := s.send(guest, "k1", "Hi"); w.Code != http.StatusCreated {
		t.Errorf("with the second token: %d %s", w.Code, w.Body)
	}
	refuse := func(w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != http.StatusNotFound || decode[wire.ErrorAnswer](t, w).Error.Code != wire.CodeInvitationInvalid {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	refuse(join("fedcba9876543210"))
	refuse(s.call("POST", wire.PathJoin, fmt.Sprintf(`{"code":%q}`, code)))
	s.pass(chat.RejoinTime)
	refuse(join(nonce))
	if strings.Contains(s.log.String(), nonce) {
		t.Error("the log tells the nonce")
	}
}

// A poll that waits is answered by the change it waits for.
func TestLongPoll(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	answered := make(chan wire.Page, 1)
	began := time.Now()
	go func() {
		for { // one that is woken by a signal alone goes on
			w := s.call("GET", of(wire.PathMessages, session.Conversation.ID)+"?since="+session.Cursor.String()+"&wait=25", "", bearer(session.Token))
			if page := decode[wire.Page](t, w); len(page.Messages) > 0 || w.Code != http.StatusOK {
				answered <- page
				return
			}
		}
	}()
	s.untilWaiting(1)
	s.send(session, "k1", "Hello")
	page := <-answered
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the poll sat out its time: %s", took)
	}
	if len(page.Messages) == 0 || page.Messages[0].Body != "Hello" {
		t.Errorf("page %+v", page)
	}
}

// untilWaiting waits until that many polls are held open.
func (s *server) untilWaiting(n int) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); s.api.Waiting() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%d polls wait, and not %d", s.api.Waiting(), n)
		}
	}
}

// Polls are held open for one participant and for one network up to a limit; one
// more is told to come without waiting.
func TestTooManyPolls(t *testing.T) {
	const perVisitor, perNetwork = 8, 512
	stopping := make(chan struct{})
	s := newServer(t, func(o *httpapi.Options) { o.ConversationsPerMinute, o.Stopping = 1000, stopping })
	var polls sync.WaitGroup
	defer polls.Wait()
	defer sync.OnceFunc(func() { close(stopping) })()
	poll := func(session wire.Session) *httptest.ResponseRecorder {
		return s.call("GET", of(wire.PathMessages, session.Conversation.ID)+"?since="+session.Cursor.String()+"&wait=25", "", bearer(session.Token))
	}
	refused := func(session wire.Session) {
		t.Helper()
		w := poll(session)
		if got := decode[wire.ErrorAnswer](t, w).Error; w.Code != http.StatusTooManyRequests || got == nil || got.Code != wire.CodeTooManyWaiting || w.Header().Get("Retry-After") == "" {
			t.Errorf("one more: %d %s %v", w.Code, w.Body, w.Header())
		}
	}
	for n := 0; n < perNetwork; n += perVisitor {
		session := s.begin()
		for range perVisitor {
			polls.Go(func() { // that the visitor is here wakes a poll, which then comes again
				for {
					poll(session)
					select {
					case <-stopping:
						return
					default:
					}
				}
			})
		}
		s.untilWaiting(n + perVisitor)
		if n == 0 {
			refused(session)
		}
	}
	refused(s.begin())
}

// The sender's own socket is left out, and only if it is the sender's.
func TestSocketID(t *testing.T) {
	s := newServer(t)
	session, other := s.begin(), s.begin()
	ask := fmt.Sprintf(`{"socket_id":"1.1","channel_name":%q}`, wire.Channel(session.Conversation.ID))
	if w := s.call("POST", wire.PathChannelAuth, ask, bearer(session.Token)); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s.send(session, "k1", "Hello", wire.HeaderSocketID+": 1.1")
	s.send(other, "k1", "Hello", wire.HeaderSocketID+": 1.1")
	want := map[string]bool{
		wire.Channel(session.Conversation.ID) + " ChatMessageReceived 1.1@reverb": true,
		wire.Channel(other.Conversation.ID) + " ChatMessageReceived ":             true,
	}
	for _, line := range s.events.list() {
		delete(want, line)
	}
	if len(want) > 0 {
		t.Errorf("not published: %v; published: %q", want, s.events.list())
	}
}

func TestServerKey(t *testing.T) {
	s := newServer(t)
	session := s.begin()
	s.send(session, "k1", "Hello")
	s.until(session, func(p wire.Page) bool { return len(p.Messages) == 2 })
	path := of(wire.PathMessages, session.Conversation.ID)
	w := s.call("POST", path, `{"clientId":"a1","body":"A person here","author":{"id":"","role":"agent","name":"Ann"}}`, bearer(serverKey))
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if m := decode[wire.SendAnswer](t, w).Message; m.Author.Role != wire.RoleAgent || m.Author.Name != "Ann" {
		t.Errorf("author %+v", m.Author)
	}
	if w := s.call("POST", path, `{"clientId":"a2","body":"x","author":{"id":"v","role":"visitor","name":"Ann"}}`, bearer(serverKey)); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("speaking as a visitor: %d", w.Code)
	}
	if w := s.call("POST", of(wire.PathMessages, "unknown"), `{"clientId":"a3","body":"x"}`, bearer(serverKey)); w.Code != http.StatusNotFound {
		t.Errorf("an unknown conversation: %d", w.Code)
	}
	// After a person has spoken the bot keeps silent, and the debt is gone.
	s.send(session, "k2", "Are you there?")
	s.until(session, func(p wire.Page) bool { return len(p.Messages) == 4 })
	s.pass(2 * time.Hour)
	s.send(session, "k3", "And now?")
	page := s.until(session, func(p wire.Page) bool { return len(p.Messages) >= 6 })
	if last := page.Messages[len(page.Messages)-1]; last.Body != "You said: And now?" {
		t.Errorf("last %+v", last)
	}
}

func TestBadInput(t *testing.T) {
	s := newServer(t)
	session, other := s.begin(), s.begin()
	theirs := decode[wire.SendAnswer](t, s.send(other, "k", "Somebody else's")).Message
	messages := of(wire.PathMessages, session.Conversation.ID)
	mine := bearer(session.Token)
	expired, _, err := s.tokens.Issue(auth.Visitor{Participant: "p", Conversation: session.Conversation.ID}, s.clock().Add(-auth.TokenLifetime-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.tickets.Issue(site, s.clock())
	if err != nil {
		t.Fatal(err)
	}
	channel := func(name, socket string) string {
		return fmt.Sprintf(`{"channel_name":%q,"socket_id":%q}`, name, socket)
	}
	own := wire.Channel(session.Conversation.ID)
	typing := of(wire.PathTyping, session.Conversation.ID)
	read, token := of(wire.PathRead, session.Conversation.ID), of(wire.PathToken, session.Conversation.ID)
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code                     wire.Code
	}{
		{"invalid JSON", "POST", messages, `{`, []string{mine}, 400, wire.CodeInvalidJSON},
		{"no object", "POST", messages, `[]`, []string{mine}, 400, wire.CodeInvalidJSON},
		{"two objects", "POST", messages, `{"clientId":"a","body":"b"}{}`, []string{mine}, 400, wire.CodeInvalidJSON},
		{"empty", "POST", messages, ``, []string{mine, "Content-Type: application/json"}, 400, wire.CodeInvalidJSON},
		{"wrong type", "POST", messages, `{"clientId":"a","body":1}`, []string{mine}, 422, wire.CodeInvalidField},
		{"unknown field", "POST", messages, `{"clientId":"a","body":"b","x":1}`, []string{mine}, 400, wire.CodeUnknownField},
		{"empty text", "POST", messages, `{"clientId":"a","body":"  "}`, []string{mine}, 422, wire.CodeMessageEmpty},
		{"long text", "POST", messages, `{"clientId":"a","body":"` + strings.Repeat("x", wire.MaxMessageChars+1) + `"}`, []string{mine}, 422, wire.CodeMessageTooLong},
		{"no client id", "POST", messages, `{"body":"b"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"body too large", "POST", messages, `{"body":"` + strings.Repeat("x", wire.MaxBodyBytes) + `"}`, []string{mine}, 413, wire.CodeBodyTooLarge},
		{"visitor names an author", "POST", messages, `{"clientId":"a","body":"b","author":{"role":"agent"}}`, []string{mine}, 403, wire.CodeForbidden},
		{"wrong method", "DELETE", messages, ``, []string{mine}, 405, wire.CodeMethodNotAllowed},
		{"wrong method on join", "GET", wire.PathJoin, ``, nil, 405, wire.CodeMethodNotAllowed},
		{"wrong media type", "POST", messages, `a=b`, []string{mine, "Content-Type: text/plain"}, 415, wire.CodeUnsupportedMedia},
		{"no token", "GET", messages, ``, nil, 401, wire.CodeUnauthorized},
		{"no bearer", "GET", messages, ``, []string{"Authorization: Basic eA=="}, 401, wire.CodeUnauthorized},
		{"wrong token", "GET", messages, ``, []string{bearer("x.y.z")}, 401, wire.CodeUnauthorized},
		{"a site ticket as token", "GET", messages, ``, []string{bearer(ticket)}, 401, wire.CodeUnauthorized},
		{"expired token", "GET", messages, ``, []string{bearer(expired)}, 401, wire.CodeTokenExpired},
		{"foreign conversation", "GET", of(wire.PathMessages, other.Conversation.ID), ``, []string{mine}, 404, wire.CodeNotFound},
		{"unknown conversation", "GET", of(wire.PathMessages, "unknown"), ``, []string{mine}, 404, wire.CodeNotFound},
		{"malformed conversation", "GET", of(wire.PathMessages, "a.b"), ``, []string{mine}, 404, wire.CodeNotFound},
		{"mark above the last message", "POST", read, `{"seq":1}`, []string{mine}, 422, wire.CodeInvalidField},
		{"mark below nothing", "POST", read, `{"seq":-1}`, []string{mine}, 422, wire.CodeInvalidField},
		{"mark no number", "POST", read, `{"seq":"1"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"mark no whole number", "POST", read, `{"seq":1.5}`, []string{mine}, 422, wire.CodeInvalidField},
		{"mark too large", "POST", read, `{"seq":9223372036854775808}`, []string{mine}, 422, wire.CodeInvalidField},
		{"mark with more", "POST", read, `{"seq":0,"x":1}`, []string{mine}, 400, wire.CodeUnknownField},
		{"renewal with a field", "POST", token, `{"x":1}`, []string{mine}, 400, wire.CodeUnknownField},
		{"not a cursor", "GET", messages + "?since=x", ``, []string{mine}, 400, wire.CodeInvalidCursor},
		{"since and after", "GET", messages + "?since=x-1&after=1", ``, []string{mine}, 422, wire.CodeInvalidField},
		{"limit too high", "GET", messages + "?limit=1000", ``, []string{mine}, 422, wire.CodeInvalidField},
		{"wait no number", "GET", messages + "?wait=x", ``, []string{mine}, 422, wire.CodeInvalidField},
		{"wait too long", "GET", messages + "?wait=26", ``, []string{mine}, 422, wire.CodeInvalidField},
		{"negative after", "GET", messages + "?after=-1", ``, []string{mine}, 422, wire.CodeInvalidField},
		{"list without the server key", "GET", wire.PathConversations, ``, []string{mine}, 401, wire.CodeUnauthorized},
		{"unknown invitation", "POST", wire.PathJoin, `{"code":"nope"}`, nil, 404, wire.CodeInvitationInvalid},
		{"malformed invitation", "POST", wire.PathJoin, `{"code":"no pe"}`, nil, 422, wire.CodeInvalidField},
		{"short nonce", "POST", wire.PathJoin, `{"code":"a","nonce":"0123456789abcde"}`, nil, 422, wire.CodeInvalidField},
		{"long nonce", "POST", wire.PathJoin, `{"code":"a","nonce":"` + strings.Repeat("n", 65) + `"}`, nil, 422, wire.CodeInvalidField},
		{"nonce with a space", "POST", wire.PathJoin, `{"code":"a","nonce":"0123456789 abcdef"}`, nil, 422, wire.CodeInvalidField},
		{"name with a control character", "POST", wire.PathJoin, `{"code":"a","name":"x\u202ey"}`, nil, 422, wire.CodeInvalidField},
		{"malformed socket id", "POST", wire.PathChannelAuth, channel(own, "1.2:private-x"), []string{mine}, 422, wire.CodeInvalidSocketID},
		{"malformed X-Socket-ID", "POST", messages, `{"clientId":"a","body":"b"}`, []string{mine, wire.HeaderSocketID + ": x"}, 422, wire.CodeInvalidSocketID},
		{"foreign channel", "POST", wire.PathChannelAuth, channel(wire.Channel(other.Conversation.ID), "1.2"), []string{mine}, 403, wire.CodeForbidden},
		{"unknown channel", "POST", wire.PathChannelAuth, channel(wire.Channel("unknown"), "1.2"), []string{mine}, 403, wire.CodeForbidden},
		{"suffixed channel", "POST", wire.PathChannelAuth, channel(own+".x", "1.2"), []string{mine}, 403, wire.CodeForbidden},
		{"encrypted channel", "POST", wire.PathChannelAuth, channel(strings.Replace(own, "private-", "private-encrypted-", 1), "1.2"), []string{mine}, 403, wire.CodeForbidden},
		{"public channel", "POST", wire.PathChannelAuth, channel("news", "1.2"), []string{mine}, 403, wire.CodeForbidden},
		{"channel without a token", "POST", wire.PathChannelAuth, channel(own, "1.2"), nil, 401, wire.CodeUnauthorized},
		{"unknown provider", "POST", wire.PathChannelAuth, `{"channel_name":"x","socket_id":"1.2","provider":"pusher"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"channel auth as text", "POST", wire.PathChannelAuth, `x`, []string{mine, "Content-Type: text/plain"}, 415, wire.CodeUnsupportedMedia},
		{"edit of a foreign message", "PATCH", message(session, theirs.ID), `{"body":"x"}`, []string{mine}, 404, wire.CodeNotFound},
		{"edit in a foreign conversation", "PATCH", message(other, theirs.ID), `{"body":"x"}`, []string{mine}, 404, wire.CodeNotFound},
		{"edit of nothing", "PATCH", message(session, "unknown"), `{"body":"x"}`, []string{mine}, 404, wire.CodeNotFound},
		{"edit of no id", "PATCH", message(session, "a%20b"), `{"body":"x"}`, []string{mine}, 404, wire.CodeNotFound},
		{"edit without a token", "PATCH", message(session, "x"), `{"body":"x"}`, nil, 401, wire.CodeUnauthorized},
		{"edit to nothing", "PATCH", message(other, theirs.ID), `{"body":""}`, []string{bearer(other.Token)}, 422, wire.CodeMessageEmpty},
		{"edit to too much", "PATCH", message(other, theirs.ID), `{"body":"` + strings.Repeat("é", 4001) + `"}`, []string{bearer(other.Token)}, 422, wire.CodeMessageTooLong},
		{"edit by the site", "PATCH", message(other, theirs.ID), `{"body":"x"}`, []string{bearer(serverKey)}, 403, wire.CodeForbidden},
		{"deletion of a foreign message", "DELETE", message(session, theirs.ID), ``, []string{mine}, 404, wire.CodeNotFound},
		{"reply to nothing", "POST", messages, `{"clientId":"a","body":"b","replyTo":"unknown"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"reply to a foreign message", "POST", messages, `{"clientId":"a","body":"b","replyTo":"` + theirs.ID + `"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"reply to no id", "POST", messages, `{"clientId":"a","body":"b","replyTo":"a b"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"reaction to a foreign message", "PUT", message(session, theirs.ID) + "/reactions/%F0%9F%91%8D", ``, []string{mine}, 404, wire.CodeNotFound},
		{"reaction in a foreign conversation", "PUT", message(other, theirs.ID) + "/reactions/%F0%9F%91%8D", ``, []string{mine}, 404, wire.CodeNotFound},
		{"reaction to nothing", "DELETE", message(session, "unknown") + "/reactions/%F0%9F%91%8D", ``, []string{mine}, 404, wire.CodeNotFound},
		{"reaction with a word", "PUT", message(other, theirs.ID) + "/reactions/ok", ``, []string{bearer(other.Token)}, 422, wire.CodeInvalidField},
		{"reaction with two emoji", "PUT", message(other, theirs.ID) + "/reactions/%F0%9F%91%8D%F0%9F%91%8D", ``, []string{bearer(other.Token)}, 422, wire.CodeInvalidField},
		{"reaction without a token", "PUT", message(other, theirs.ID) + "/reactions/%F0%9F%91%8D", ``, nil, 401, wire.CodeUnauthorized},
		{"stop in a foreign conversation", "POST", message(other, theirs.ID) + "/stop", ``, []string{mine}, 404, wire.CodeNotFound},
		{"stop of a foreign message", "POST", message(session, theirs.ID) + "/stop", ``, []string{mine}, 404, wire.CodeNotFound},
		{"a visitor's stream", "POST", messages, `{"clientId":"a","body":"b","status":"streaming"}`, []string{mine}, 403, wire.CodeForbidden},
		{"a stream of no kind", "POST", of(wire.PathMessages, other.Conversation.ID), `{"clientId":"a","body":"b","status":"stopped"}`, []string{bearer(serverKey)}, 422, wire.CodeInvalidField},
		{"more of what is complete", "PATCH", message(other, theirs.ID), `{"append":"x"}`, []string{bearer(other.Token)}, 409, wire.CodeStreamConflict},
		{"more of somebody else's", "PATCH", message(other, theirs.ID), `{"append":"x"}`, []string{bearer(serverKey)}, 403, wire.CodeForbidden},
		{"more of no offset", "PATCH", message(other, theirs.ID), `{"append":"x","offset":"end"}`, []string{bearer(serverKey)}, 422, wire.CodeInvalidField},
		{"typing in a foreign conversation", "POST", of(wire.PathTyping, other.Conversation.ID), `{"on":true}`, []string{mine}, 404, wire.CodeNotFound},
		{"typing without a token", "POST", typing, `{"on":true}`, nil, 401, wire.CodeUnauthorized},
		{"typing neither yes nor no", "POST", typing, `{"on":"yes"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"typing as an agent", "POST", typing, `{"on":true,"author":{"id":"a","role":"agent","name":""}}`, []string{mine}, 403, wire.CodeForbidden},
		{"typing nowhere", "POST", of(wire.PathTyping, "unknown"), `{"on":true}`, []string{bearer(serverKey)}, 404, wire.CodeNotFound},
		{"presence in a foreign conversation", "POST", of(wire.PathPresence, other.Conversation.ID), `{"state":"online"}`, []string{mine}, 404, wire.CodeNotFound},
		{"presence of no kind", "POST", of(wire.PathPresence, session.Conversation.ID), `{"state":"asleep"}`, []string{mine}, 422, wire.CodeInvalidField},
		{"presence without a state", "POST", of(wire.PathPresence, session.Conversation.ID), `{}`, []string{mine}, 422, wire.CodeInvalidField},
		{"presence of somebody else", "POST", of(wire.PathPresence, session.Conversation.ID), `{"state":"online","author":{"id":"a","role":"agent","name":""}}`, []string{mine}, 403, wire.CodeForbidden},
		{"foreign origin", "POST", wire.PathConversations, `{}`, []string{"Origin: https://evil.example"}, 403, wire.CodeOriginNotAllowed},
		{"null origin", "POST", wire.PathConversations, `{}`, []string{"Origin: null"}, 403, wire.CodeOriginNotAllowed},
		{"wrong ticket", "POST", wire.PathConversations, `{}`, []string{wire.HeaderSite + ": x"}, 403, wire.CodeForbidden},
		{"a token as ticket", "POST", wire.PathConversations, `{}`, []string{wire.HeaderSite + ": " + session.Token}, 403, wire.CodeForbidden},
		{"nothing there", "GET", "/nothing", ``, nil, 404, wire.CodeNotFound},
		{"post to a file", "POST", "/chatbot-widget.js", ``, nil, 405, wire.CodeMethodNotAllowed},
		{"no such guide", "GET", "/docs/NOPE", ``, nil, 404, wire.CodeNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.call(c.method, c.path, c.body, c.header...)
			got := decode[wire.ErrorAnswer](t, w)
			if w.Code != c.status || got.Error == nil || got.Error.Code != c.code || got.Error.Message == "" {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.code)
			}
		})
	}
	foreign := s.call("GET", of(wire.PathMessages, other.Conversation.ID), "", mine)
	unknown := s.call("GET", of(wire.PathMessages, "unknown"), "", mine)
	if foreign.Body.String() != unknown.Body.String() {
		t.Error("a foreign conversation can be told from an unknown one")
	}
	for _, secret := range []string{session.Token, ticket, serverKey, "Somebody else's"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %.20s…", secret)
		}
	}
}

func TestHostCheck(t *testing.T) {
	s := newServer(t)
	r := httptest.NewRequest("GET", "http://evil.example"+wire.PathConfig, nil)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host's name got %d", w.Code)
	}
}

func TestFlood(t *testing.T) {
	s := newServer(t, func(o *httpapi.Options) { o.MessagesPerMinute, o.ConversationsPerMinute = 3, 2 })
	session := s.begin()
	for i := range 3 {
		if w := s.send(session, fmt.Sprint("k", i), "x"); w.Code != http.StatusCreated {
			t.Fatalf("message %d: %d", i, w.Code)
		}
	}
	w := s.send(session, "k4", "x", "X-Forwarded-For: 198.51.100.7")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "wait") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	s.begin()
	if w := s.call("POST", wire.PathConversations, "{}"); w.Code != http.StatusTooManyRequests {
		t.Errorf("a flood of conversations: %d", w.Code)
	}
	s.pass(time.Minute)
	if w := s.send(session, "k4", "x"); w.Code != http.StatusCreated {
		t.Errorf("after a minute: %d", w.Code)
	}
}

func TestCORS(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct{ method, origin, allowed string }{
		{"GET", "", ""}, {"GET", site, site}, {"GET", ownOrigin, ownOrigin},
		{"OPTIONS", site, site}, {"GET", "https://evil.example", ""}, {"OPTIONS", "https://evil.example", ""}, {"GET", "null", ""},
	} {
		header := []string{}
		if c.origin != "" {
			header = append(header, "Origin: "+c.origin)
		}
		w := s.call(c.method, wire.PathConfig, "", header...)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != c.allowed {
			t.Errorf("%s from %q: allowed %q", c.method, c.origin, got)
		}
		if w.Header().Get("Vary") != "Origin" || w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s from %q: %v", c.method, c.origin, w.Header())
		}
	}
}

func TestFrame(t *testing.T) {
	s := newServer(t)
	w := s.call("GET", "/chatbot-frame.html?site="+site, "")
	csp := w.Header().Get("Content-Security-Policy")
	if w.Code != 200 || !strings.Contains(csp, "frame-ancestors "+site+";") || strings.Contains(csp, "unsafe-inline") {
		t.Errorf("%d %s", w.Code, csp)
	}
	if got := w.Header().Get("Link"); got != "<frame.hash.js>; rel=preload; as=script" {
		t.Errorf("what the browser is to ask for at once: %s", got)
	}
	_, rest, _ := strings.Cut(w.Body.String(), `name="chatbot-ticket" content="`)
	ticket, _, _ := strings.Cut(rest, `"`)
	if got, err := s.tickets.Verify(ticket, s.clock()); err != nil || got != site {
		t.Errorf("ticket for %q, %v", got, err)
	}
	_, rest, _ = strings.Cut(rest, `name="chatbot-config" content="`)
	config, _, _ := strings.Cut(rest, `"`)
	if asked := s.call("GET", wire.PathConfig, "").Body.String(); html.UnescapeString(config) != strings.TrimSpace(asked) {
		t.Errorf("the document says %s and the API %s", config, asked)
	}
	if w := s.call("POST", wire.PathConversations, "{}", "Origin: "+ownOrigin, wire.HeaderSite+": "+ticket); w.Code != http.StatusCreated {
		t.Errorf("with the ticket: %d", w.Code)
	}
	w = s.call("GET", "/chatbot-frame.html?site=https://evil.example", "")
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "https://evil.example") || !strings.Contains(w.Body.String(), "--allowed-origins") || strings.Contains(w.Body.String(), "<script") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.call("GET", "/chatbot-frame.html?site=x%22%3E%3Cscript%3E", ""); strings.Contains(w.Body.String(), "<script") {
		t.Errorf("the refusal repeats what it was given: %s", w.Body)
	}
	if csp := s.call("GET", "/chatbot-frame.html", "").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("without a site: %s", csp)
	}
}

func TestFrameIsPacked(t *testing.T) {
	s := newServer(t)
	w := s.call("GET", "/chatbot-frame.html?site="+site, "", "Accept-Encoding: gzip, br")
	packed, err := gzip.NewReader(w.Body)
	if err != nil || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v %v", err, w.Header())
	}
	if body, err := io.ReadAll(packed); err != nil || !strings.Contains(string(body), `<p>frame</p>`) || strings.Contains(string(body), `content=""`) {
		t.Errorf("%v, %s", err, body)
	}
	if w := s.call("GET", "/chatbot-frame.html?site="+site, "", "Accept-Encoding: gzip;q=0"); w.Header().Get("Content-Encoding") != "" || !strings.Contains(w.Body.String(), `<p>frame</p>`) {
		t.Errorf("to a client that refuses it: %v", w.Header())
	}
}

// A frame on a page of the same site would share its process: it asks for one of
// its own. From another site it has that anyway, and asking makes it wait.
func TestFrameProcess(t *testing.T) {
	s := newServer(t)
	for from, want := range map[string]string{"": "?1", "same-origin": "?1", "same-site": "?1", "cross-site": ""} {
		w := s.call("GET", "/chatbot-frame.html?site="+site, "", "Sec-Fetch-Site: "+from)
		if got := w.Header().Get("Origin-Agent-Cluster"); got != want {
			t.Errorf("Sec-Fetch-Site %q: Origin-Agent-Cluster %q, not %q", from, got, want)
		}
	}
}

// timed notes what is written after which deadline.
type timed struct {
	*httptest.ResponseRecorder
	deadline time.Time
	writes   []int
}

func (w *timed) SetWriteDeadline(t time.Time) error { w.deadline = t; return nil }

func (w *timed) Write(b []byte) (int, error) {
	if w.deadline.IsZero() {
		return 0, errors.New("a client that reads nothing would be waited for")
	}
	w.deadline = time.Time{} // used up
	w.writes = append(w.writes, len(b))
	return w.ResponseRecorder.Write(b)
}

// A client has its time for each piece of an answer and not for ever for the
// whole.
func TestSlowReaders(t *testing.T) {
	s := newServer(t, func(o *httpapi.Options) { o.Files.(files)["large.js"] = strings.Repeat("x", 100_000) })
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	s.handler.ServeHTTP(w, httptest.NewRequest("GET", ownOrigin+"/large.js", nil))
	if w.Body.Len() != 100_000 || fmt.Sprint(w.writes) != "[32768 32768 32768 1696]" {
		t.Errorf("%d bytes, written by %v", w.Body.Len(), w.writes)
	}
	// An answer without a body has its time too, whatever the one before it had.
	w = &timed{ResponseRecorder: httptest.NewRecorder()}
	s.handler.ServeHTTP(w, httptest.NewRequest("HEAD", ownOrigin+"/large.js", nil))
	if w.deadline.IsZero() {
		t.Error("no time for the head")
	}
}

// Where all pages of this machine are allowed, they are one site: a program could
// name any of their ports.
func TestLocalPagesShareALimit(t *testing.T) {
	s := newServer(t, func(o *httpapi.Options) { o.Origins, o.ConversationsPerMinute = auth.Origins{}, 2 })
	for i, want := range []int{201, 201, 429} {
		if w := s.call("POST", wire.PathConversations, "{}", fmt.Sprintf("Origin: http://localhost:%d", i+1)); w.Code != want {
			t.Errorf("port %d: %d, want %d", i+1, w.Code, want)
		}
	}
}

func TestFiles(t *testing.T) {
	s := newServer(t)
	for accept, want := range map[string]string{"": "plain", "gzip": "gzip", "gzip, br": "brotli", "br;q=0, gzip": "gzip", "identity": "plain"} {
		w := s.call("GET", "/chatbot-widget.js", "", "Accept-Encoding: "+accept)
		if got := w.Body.String(); got != want || w.Header().Get("Cache-Control") != "no-cache" || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: %q %v", accept, got, w.Header())
		}
		if again := s.call("GET", "/chatbot-widget.js", "", "Accept-Encoding: "+accept, "If-None-Match: "+w.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("asked again: %d", again.Code)
		}
	}
	for known, want := range map[string]int{`W/"e"`: 304, `"other", W/"e"`: 304, "*": 304, `"other"`: 200, `"e-br"`: 200, "": 200} {
		if w := s.call("GET", "/chatbot-widget.js", "", "If-None-Match: "+known); w.Code != want {
			t.Errorf("If-None-Match %s: %d, want %d", known, w.Code, want)
		}
	}
	if got := s.call("GET", "/frame.hash.js", "").Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("a hashed name: %q", got)
	}
	if w := s.call("HEAD", "/chatbot-widget.js", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", w.Code, w.Body)
	}
	if w := s.call("GET", "/../go.mod", ""); w.Code == 200 {
		t.Error("a path that climbs was served")
	}
}

func TestDocs(t *testing.T) {
	s := newServer(t)
	w := s.call("GET", "/docs/GUIDE", "")
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `<h1 id="the-guide">The guide</h1>`) || !strings.Contains(body, `href="/docs/GUIDE#x"`) || strings.Contains(body, "<script>") {
		t.Errorf("%d %s", w.Code, body)
	}
	if w := s.call("GET", "/docs/GUIDE.md", ""); !strings.HasPrefix(w.Body.String(), "# The guide") {
		t.Errorf("the source: %s", w.Body)
	}
	if w := s.call("GET", "/docs/", ""); !strings.Contains(w.Body.String(), "The guide") || strings.Contains(w.Body.String(), "picture") {
		t.Errorf("the list: %s", w.Body)
	}
	w = s.call("GET", "/docs/picture.png", "")
	if w.Code != 200 || w.Body.String() != "\x89PNG" || w.Header().Get("Content-Type") != "image/png" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a picture: %d %v %q", w.Code, w.Header(), w.Body)
	}
	w = s.call("GET", "/docs/plot.svg", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("a drawing, that could hold a script: %d %v", w.Code, w.Header())
	}
	if w := s.call("GET", "/docs/other.txt", ""); w.Code != 404 {
		t.Errorf("what is neither guide nor picture: %d", w.Code)
	}
}

func TestHealth(t *testing.T) {
	ready := fmt.Errorf("not yet")
	s := newServer(t, func(o *httpapi.Options) { o.Ready = func(*http.Request) error { return ready } })
	if w := s.call("GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
	if w := s.call("GET", "/readyz", ""); w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "not yet") {
		t.Errorf("readyz: %d %s", w.Code, w.Body)
	}
	ready = nil
	if w := s.call("GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("readyz: %d", w.Code)
	}
}

// Behind a proxy that ends TLS the config says https; a header that anybody else
// sends changes nothing.
func TestForwardedProto(t *testing.T) {
	for name, c := range map[string]struct {
		trusted   []netip.Prefix
		elsewhere bool
		scheme    string
		port      int
	}{
		"from a trusted proxy":             {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, false, "https", 8443},
		"from anybody":                     {nil, false, "http", 80},
		"while Reverb is another server's": {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, true, "http", 80},
	} {
		s := newServer(t, func(o *httpapi.Options) { o.TrustedProxies, o.OwnReverb = c.trusted, !c.elsewhere })
		got := decode[wire.Config](t, s.call("GET", wire.PathConfig, "", "X-Forwarded-Proto: https", "X-Forwarded-Port: 8443")).Reverb
		if got.Scheme != c.scheme || got.ForceTLS != (c.scheme == "https") || got.Port != c.port || got.Host != "chat.test" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
