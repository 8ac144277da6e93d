package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/server/httpapi"
	"chatbot/widget/wire"
)

// pipes is a listener within the process.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	end   func()
	dials atomic.Int32
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.end(); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.dials.Add(1)
	p.conns <- server
	return client, nil
}

const idle = time.Minute

// parked is an API behind a server that parks, without a network. Nothing of it
// may be left at the end: the bubble in which it runs would not end.
type parked struct {
	*server
	pipes   *pipes
	http    *http.Server
	parking *httpapi.Parking
	client  *http.Client
}

func inBubble(t *testing.T, test func(t *testing.T, s *parked)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{conns: make(chan net.Conn), ended: make(chan struct{})}
		p.end = sync.OnceFunc(func() { close(p.ended) })
		s := &parked{pipes: p, parking: httpapi.NewParking(idle)}
		s.server = newServer(t, func(o *httpapi.Options) { o.Parking = s.parking })
		s.http = &http.Server{Handler: s.handler}
		var serving sync.WaitGroup
		serving.Go(func() { s.http.Serve(p) })
		serving.Go(func() { s.http.Serve(s.parking) })
		s.client = &http.Client{Transport: &http.Transport{DialContext: p.dial}}
		defer func() {
			s.client.CloseIdleConnections()
			if err := s.parking.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.http.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			serving.Wait()
		}()
		test(t, s)
	})
}

// pathOfPoll is the address of a poll that waits for seconds.
func pathOfPoll(session wire.Session, seconds int) string {
	return fmt.Sprintf("%s?wait=%d&since=%s", of(wire.PathMessages, session.Conversation.ID), seconds, session.Cursor)
}

// outcome is how a request of a real client went.
type outcome struct {
	status int
	header http.Header
	body   string
	took   time.Duration
	closed bool // the connection, by the server
	err    error
}

// get asks over the network.
func (s *parked) get(ctx context.Context, path, token string) (o outcome) {
	r, err := http.NewRequestWithContext(ctx, "GET", ownOrigin+path, nil)
	if err != nil {
		return outcome{err: err}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Origin", site)
	began := time.Now()
	answer, err := s.client.Do(r)
	if err != nil {
		return outcome{err: err}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return outcome{answer.StatusCode, answer.Header, string(body), time.Since(began), answer.Close, err}
}

// poll has one wait, and returns when it does.
func (s *parked) poll(session wire.Session) <-chan outcome {
	s.t.Helper()
	answered := make(chan outcome, 1)
	before := s.api.Waiting()
	go func() { answered <- s.get(s.t.Context(), pathOfPoll(session, 25), session.Token) }()
	synctest.Wait()
	if n := s.api.Waiting(); n != before+1 {
		s.t.Fatalf("%d polls wait, want %d", n, before+1)
	}
	return answered
}

func (s *parked) lines(part string) (n int) {
	synctest.Wait()
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, "msg=request ") && strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// A poll that waited aside is answered as any other, and its connection goes on.
func TestParkedPollIsAnswered(t *testing.T) {
	inBubble(t, func(t *testing.T, s *parked) {
		session := s.begin()
		for i := range 3 {
			answered := s.poll(session)
			if w := s.send(session, fmt.Sprint("k", i), "Hello"); w.Code != http.StatusCreated {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			got := <-answered
			if got.err != nil || got.status != http.StatusOK || got.took > 0 || got.closed || !strings.Contains(got.body, `"body":"Hello"`) {
				t.Errorf("poll %d: %+v", i, got)
			}
			synctest.Wait() // the bot's answer is there, and nothing more to come
			ordinary := s.get(t.Context(), pathOfPoll(session, 0), session.Token)
			if ordinary.err != nil || ordinary.status != http.StatusOK {
				t.Fatalf("%+v", ordinary)
			}
			delete(got.header, "Content-Length")
			delete(ordinary.header, "Content-Length")
			if got.header.Get("Date") == "" || !maps.EqualFunc(got.header, ordinary.header, func(a, b []string) bool { return strings.Join(a, "|") == strings.Join(b, "|") }) {
				t.Errorf("headers\n%v, of another answer\n%v", got.header, ordinary.header)
			}
			session = s.current(session)
		}
		if n := s.pipes.dials.Load(); n != 1 {
			t.Errorf("%d connections were made", n)
		}
		if n := s.lines("path=" + of(wire.PathMessages, session.Conversation.ID) + " status=200"); n != 9 { // the third of each round is current's
			t.Errorf("the log tells of %d requests:\n%s", n, s.log)
		}
	})
}

// A wait has its end, which the log tells; by being asked late nobody is here.
func TestParkedPollEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, s *parked) {
		host := s.begin()
		s.send(host, "k1", "Hello")
		synctest.Wait()
		session := s.current(host)
		answered := s.poll(session)
		s.pass(wire.PresenceTTL * time.Millisecond)
		got := <-answered
		if got.status != http.StatusOK || got.took != 25*time.Second || !strings.Contains(got.body, `"messages":[]`) {
			t.Errorf("%+v", got)
		}
		if n := s.lines("status=200 took=25s"); n != 1 {
			t.Errorf("the log:\n%s", s.log)
		}
		if s.online(host) {
			t.Error("the end of a wait counts as a sign of life")
		}
		if s.api.Waiting() != 0 {
			t.Error("it still counts as waiting")
		}
		time.Sleep(idle + time.Second)
		synctest.Wait()
		if got := s.get(t.Context(), pathOfPoll(session, 0), session.Token); got.status != http.StatusOK || s.pipes.dials.Load() != 2 {
			t.Errorf("after a connection was idle: %+v, %d connections", got, s.pipes.dials.Load())
		}
	})
}

// A client that goes is noticed, and its place is free.
func TestParkedClientGone(t *testing.T) {
	inBubble(t, func(t *testing.T, s *parked) {
		host := s.begin()
		s.send(host, "k1", "Hello")
		synctest.Wait()
		session := s.current(host)
		for range 20 { // more than may wait at once
			ctx, leave := context.WithCancel(t.Context())
			gone := make(chan struct{})
			go func() { s.get(ctx, pathOfPoll(session, 25), session.Token); close(gone) }()
			synctest.Wait()
			if n := s.api.Waiting(); n != 1 {
				t.Fatalf("%d wait", n)
			}
			leave()
			<-gone
			synctest.Wait()
			if n := s.api.Waiting(); n != 0 {
				t.Fatalf("%d wait after the client has gone", n)
			}
		}
		s.pass(wire.PresenceTTL * time.Millisecond)
		if s.online(host) {
			t.Error("who has gone is still online")
		}
	})
}

// A stop answers what waits, and closes what is between two requests.
func TestParkedShutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, s *parked) {
		session, other := s.begin(), s.begin()
		first := s.poll(other)
		s.send(other, "k1", "Hello")
		<-first // its connection stands by
		var polls []<-chan outcome
		for range 3 {
			polls = append(polls, s.poll(session))
		}
		if err := s.parking.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		for _, answered := range polls {
			if got := <-answered; got.err != nil || got.status != http.StatusOK || got.took > 0 || !got.closed {
				t.Errorf("%+v", got)
			}
		}
		if got := s.get(t.Context(), pathOfPoll(session, 25), session.Token); got.err != nil || got.status != http.StatusOK || got.took > 0 {
			t.Errorf("a poll after that: %+v", got)
		}
	})
}

// A token that was given back gets no more than a refusal.
func TestParkedRevocation(t *testing.T) {
	inBubble(t, func(t *testing.T, s *parked) {
		session := s.begin()
		answered := s.poll(session)
		if w := s.call("DELETE", of(wire.PathToken, session.Conversation.ID), "", bearer(session.Token)); w.Code != http.StatusNoContent {
			t.Fatalf("revoke: %d", w.Code)
		}
		got := <-answered
		if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" || !strings.Contains(got.body, string(wire.CodeTokenRevoked)) || got.took > 0 {
			t.Errorf("%+v", got)
		}
	})
}

// What a client sends early is neither lost nor left waiting.
func TestParkedEarlyRequest(t *testing.T) {
	for name, late := range map[string]bool{"at once": false, "while it waits": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *parked) {
				session := s.begin()
				conn, err := s.pipes.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				head := " HTTP/1.1\r\nHost: chat.test\r\nAuthorization: Bearer " + session.Token + "\r\n\r\n"
				poll := "GET " + pathOfPoll(session, 25) + head
				next := "GET " + of(wire.PathConversation, session.Conversation.ID) + head + "GET " + wire.PathConfig + head
				go func() {
					if !late {
						io.WriteString(conn, poll+next)
						return
					}
					io.WriteString(conn, poll)
					synctest.Wait()
					io.WriteString(conn, next)
				}()
				began, answers := time.Now(), bufio.NewReader(conn)
				for _, want := range []string{`"messages":[]`, `"lastSeq":0`, `"realtimeProvider"`} {
					answer, err := http.ReadResponse(answers, nil)
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(answer.Body)
					if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
						t.Fatalf("%d %s %v, want %s", answer.StatusCode, body, err, want)
					}
				}
				if took := time.Since(began); took > 0 {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// A client that does not keep its connection is answered and left.
func TestParkedLastRequest(t *testing.T) {
	for name, head := range map[string]string{
		"HTTP/1.0": " HTTP/1.0\r\nHost: chat.test\r\n",
		"close":    " HTTP/1.1\r\nHost: chat.test\r\nConnection: close\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *parked) {
				session := s.begin()
				conn, err := s.pipes.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				go io.WriteString(conn, "GET "+pathOfPoll(session, 25)+head+"Authorization: Bearer "+session.Token+"\r\n\r\n")
				synctest.Wait()
				s.send(session, "k1", "Hello")
				all, err := io.ReadAll(conn)
				if err != nil || !strings.HasPrefix(string(all), strings.Fields(head)[0]+" 200 OK\r\n") || !strings.Contains(string(all), `"body":"Hello"`) {
					t.Errorf("%s %v", all, err)
				}
			})
		})
	}
}

// Where the connection is not one poll's own, it waits in its handler.
func TestPollOverHTTP2(t *testing.T) {
	parking := httpapi.NewParking(idle)
	s := newServer(t, func(o *httpapi.Options) { o.Parking = parking })
	session := s.begin()
	web := httptest.NewUnstartedServer(s.handler)
	web.EnableHTTP2 = true
	web.StartTLS()
	defer web.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", web.URL+pathOfPoll(session, 25), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "chat.test"
	r.Header.Set("Authorization", "Bearer "+session.Token)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for s.api.Waiting() == 0 && t.Context().Err() == nil {
			<-tick.C
		}
		s.send(session, "k1", "Hello")
	}()
	answer, err := web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.ProtoMajor != 2 || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"cursor"`) {
		t.Errorf("%s %d %s %v", answer.Proto, answer.StatusCode, body, err)
	}
	<-sent
}

// current is session with a cursor and signals at which there is nothing to tell.
func (s *parked) current(session wire.Session) wire.Session {
	s.t.Helper()
	page := decode[wire.Page](s.t, s.call("GET", of(wire.PathMessages, session.Conversation.ID), "", bearer(session.Token)))
	session.Cursor = page.Cursor
	return session
}

// online reports whether somebody else is told that the visitor is here.
func (s *parked) online(session wire.Session) bool {
	s.t.Helper()
	page := decode[wire.Page](s.t, s.call("GET", of(wire.PathMessages, session.Conversation.ID), "", bearer(serverKey)))
	for _, signal := range page.Signals {
		if signal.Author.ID == session.Participant.ID && signal.Type == wire.SignalOnline {
			return true
		}
	}
	return false
}
