package sim

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"chatbot/server/auth"
	"chatbot/server/chat"
	"chatbot/server/httpapi"
	"chatbot/server/publish"
	"chatbot/server/pusher"
	"chatbot/server/store"
	"chatbot/widget/wire"
)

const databaseName = "chatbot.db"

// host is the machine of the server: a disk, and one process at a time.
type host struct {
	w     *world
	keys  *auth.Keys
	root  string
	relay *relay

	mu   sync.Mutex
	disk string   // the folder with the database as it is now
	runs int      // processes so far
	up   *process // nil while there is none
	over bool     // nothing is started any more
}

// process is the server as it is wired in its app, on a host's disk.
type process struct {
	host     *host
	store    *store.SQLite
	chat     *chat.Service
	hub      *pusher.Server
	server   *http.Server
	parking  *httpapi.Parking
	listener *pipeListener
	dead     chan struct{} // closed when it was killed
	stopping chan struct{} // closed when it stops in good order
	stopRun  context.CancelFunc
	running  sync.WaitGroup
}

// newHost has a disk with an empty database on it.
func newHost(w *world, root string, fixed fixture) (*host, error) {
	h := &host{w: w, keys: fixed.keys, root: root, disk: filepath.Join(root, "0"), relay: newRelay(w, fixed.keys)}
	if err := os.Mkdir(h.disk, 0o700); err != nil {
		return nil, err
	}
	return h, os.WriteFile(filepath.Join(h.disk, databaseName), fixed.database, 0o600)
}

func (h *host) process() *process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.up
}

// start boots a process on what is on the disk.
func (h *host) start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.up != nil || h.over {
		return
	}
	p, err := h.boot()
	if err != nil {
		h.w.fail("server", "it does not start: %v", err)
		return
	}
	h.up, h.runs = p, h.runs+1
}

// close ends the host for good.
func (h *host) close() {
	h.mu.Lock()
	h.over = true
	h.mu.Unlock()
	h.kill(false, 0)
}

func (h *host) boot() (*process, error) {
	p := &process{host: h, listener: newPipeListener(), parking: httpapi.NewParking(time.Minute), dead: make(chan struct{}), stopping: make(chan struct{})}
	var err error
	if p.store, err = store.Open(context.Background(), filepath.Join(h.disk, databaseName)); err != nil {
		return nil, err
	}
	p.hub = pusher.New(pusher.Options{Apps: []pusher.App{{ID: h.keys.ReverbAppID, Key: h.keys.ReverbAppKey, Secret: h.keys.ReverbAppSecret}}})
	ways := publish.Fanout{}
	for _, provider := range h.w.story.Setup.Providers {
		if provider == wire.ProviderReverb {
			ways[provider] = p.hub
		} else {
			ways[provider] = h.relay
		}
	}
	p.chat = chat.New(chat.Options{Store: troubledStore{p.store, p}, Publisher: living{ways, p}, Responder: bot{h.w}, BotName: "Bot"})
	handler, err := p.api()
	if err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.Handle("/app/", p.hub)
	p.server = &http.Server{Handler: mux, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	p.run()
	return p, nil
}

func (p *process) api() (http.Handler, error) {
	h := p.host
	api, err := httpapi.New(httpapi.Options{
		Chat: p.chat, Config: h.w.config(h.keys), Tokens: auth.NewTokens(h.keys), Tickets: auth.NewTickets(h.keys), ServerKey: h.keys.ServerKey,
		Signers: map[wire.Provider]httpapi.Signer{
			wire.ProviderReverb: {Key: h.keys.ReverbAppKey, Secret: h.keys.ReverbAppSecret},
			wire.ProviderPusher: {Key: relayKey, Secret: relaySecret},
		},
		Sockets: auth.NewSockets(), Endpoint: p.hub, OwnOrigins: []string{"http://" + chatHost},
		ConversationsPerMinute: 1000, MessagesPerMinute: h.w.story.Setup.PerMinute,
		Files: frameOnly{}, Docs: fstest.MapFS{}, Stopping: p.stopping, Parking: p.parking,
		Ready: func(*http.Request) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	return api.Handler(), nil
}

func (p *process) run() {
	ctx, cancel := context.WithCancel(context.Background())
	p.stopRun = cancel
	p.running.Go(func() {
		if err := p.chat.Run(ctx); err != nil && p.alive() {
			p.host.w.fail("server", "it gave up: %v", err)
		}
	})
	p.running.Go(func() { p.server.Serve(p.listener) }) // both end with the process
	p.running.Go(func() { p.server.Serve(p.parking) })
}

func (p *process) alive() bool {
	select {
	case <-p.dead:
		return false
	default:
		return true
	}
}

// kill ends the process at this instant, wherever it is called from. What was on
// the disk then is what the next process finds: the database's file and its log
// are copied as they stand, so that nothing of what the dying process still does
// counts. Every connection ends, with a word of it to the other side or, where
// the machine lost its power, without one.
func (h *host) kill(silently bool, down time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.up
	if p == nil {
		return
	}
	h.up = nil
	close(p.dead)
	p.listener.cut(silently)
	next := filepath.Join(h.root, strconv.Itoa(h.runs))
	if err := copyDatabase(next, h.disk); err != nil {
		h.w.fail("server", "its disk: %v", err)
	}
	h.disk = next
	h.w.background.Go(p.bury)
	h.w.later(down, h.start)
}

// copyDatabase copies what counts of a database after a crash. The third file,
// an index of the log, is made anew by whoever opens it first.
func copyDatabase(to, from string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, name := range []string{databaseName, databaseName + "-wal"} {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), content, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// bury frees what a killed process has held.
func (p *process) bury() {
	p.stopRun()
	p.server.Close()
	p.parking.Shutdown(context.Background()) // their connections are cut
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	p.hub.Shutdown(gone) // has nobody to tell
	p.running.Wait()
	if err := p.store.Close(); err != nil {
		p.host.w.fail("server", "its store: %v", err)
	}
}

// stop ends the process as its app does, in good order.
func (h *host) stop(down time.Duration) {
	h.mu.Lock()
	p := h.up
	h.up = nil
	h.mu.Unlock()
	if p == nil {
		return
	}
	h.w.background.Go(func() {
		close(p.stopping)
		drain, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		p.parking.Shutdown(drain)
		p.hub.Shutdown(drain)
		if p.server.Shutdown(drain) != nil {
			p.server.Close()
		}
		p.stopRun()
		p.running.Wait()
		if err := p.store.Close(); err != nil {
			h.w.fail("server", "its store: %v", err)
		}
		h.w.later(down, h.start)
	})
}

// living publishes for as long as its process lives.
type living struct {
	chat.Publisher
	p *process
}

func (l living) Publish(ctx context.Context, channel, event string, data []byte, except chat.Socket) error {
	if !l.p.alive() {
		return errDead
	}
	return l.Publisher.Publish(ctx, channel, event, data, except)
}

var errDead = errors.New("the process was killed")

// What a store may meet with.
const (
	slowDisk      kind = "the disk is slow"
	fullDisk      kind = "the disk is full"
	killedBefore  kind = "the server is killed before it commits"
	killedAfter   kind = "the server is killed after it has committed, before it tells anybody"
	killedAnswer  kind = "the server is killed after it has answered"
	powerAfter    kind = "the power fails after the server has committed, before it tells anybody"
	killedArrival kind = "the server is killed as this arrives"
)

var storeFaults = menu{{slowDisk, 3, 15 * time.Second}, {fullDisk, 3, 0}, {killedBefore, 1, 5 * time.Second}, {killedAfter, 2, 5 * time.Second}, {powerAfter, 1, 30 * time.Second}}

// troubledStore is the real store on a disk that has its troubles, in a process
// that may be killed at any instant.
type troubledStore struct {
	*store.SQLite
	p *process
}

// commit carries out a write.
func (s troubledStore) commit(link string, write func() error) error {
	h := s.p.host
	f, _ := h.w.choices.next(link, storeFaults)
	switch f.Kind {
	case slowDisk:
		time.Sleep(f.For)
	case fullDisk:
		return &wire.Error{Code: wire.CodeUnavailable, Message: "The disk is full.", RetryAfter: 2}
	case killedBefore:
		h.kill(false, f.For)
	}
	if !s.p.alive() {
		return errDead
	}
	err := write()
	switch f.Kind {
	case killedAfter:
		h.kill(false, f.For)
	case powerAfter:
		h.kill(true, f.For)
	}
	if !s.p.alive() {
		return errDead
	}
	return err
}

func (s troubledStore) AppendMessage(ctx context.Context, m chat.NewMessage) (stored chat.Stored, err error) {
	err = s.commit("message stored", func() error {
		stored, err = s.SQLite.AppendMessage(ctx, m)
		return err
	})
	return stored, err
}

func (s troubledStore) SettleAnswer(ctx context.Context, debt chat.Debt, answer *chat.NewMessage) (stored chat.Stored, err error) {
	err = s.commit("answer stored", func() error {
		stored, err = s.SQLite.SettleAnswer(ctx, debt, answer)
		return err
	})
	return stored, err
}

func (s troubledStore) MarkRead(ctx context.Context, conversation, participant string, seq, delivered int64, now wire.Time) (p wire.Participant, rev int64, changed bool, err error) {
	err = s.commit("read mark stored", func() error {
		p, rev, changed, err = s.SQLite.MarkRead(ctx, conversation, participant, seq, delivered, now)
		return err
	})
	return p, rev, changed, err
}

func (s troubledStore) UpdateMessage(ctx context.Context, conversation, message string, now wire.Time, change func(*wire.Message) error) (m wire.Message, changed bool, err error) {
	err = s.commit("change stored", func() error {
		m, changed, err = s.SQLite.UpdateMessage(ctx, conversation, message, now, change)
		return err
	})
	return m, changed, err
}

// bot answers every question in words of its own, sooner or later, and many of
// them word by word.
type bot struct{ w *world }

const (
	slowThought kind = "the bot thinks for long"
	noThought   kind = "the bot fails"
)

func (b bot) Respond(ctx context.Context, question string, _ []wire.Message) (chat.Answer, error) {
	f, thought := b.w.choices.next("question", menu{{slowThought, 2, 20 * time.Second}, {noThought, 1, 0}})
	if f.Kind == noThought {
		return chat.Answer{}, errors.New("no idea")
	}
	select {
	case <-time.After(thought + f.For):
		return chat.Answer{Body: answerTo(question)}, nil
	case <-ctx.Done():
		return chat.Answer{}, ctx.Err()
	}
}

// Stream gives some answers in pieces, and may fail or be slow at each of them.
func (b bot) Stream(ctx context.Context, question string, history []wire.Message, emit func(string) error) (chat.Answer, error) {
	answer, err := b.Respond(ctx, question, history)
	if err != nil || (moment{question, 0}).hash()%2 == 0 {
		return answer, err
	}
	for _, word := range strings.SplitAfter(answer.Body, " ") {
		f, pause := b.w.choices.next("word", menu{{slowThought, 2, 20 * time.Second}, {noThought, 1, 0}})
		if f.Kind == noThought {
			return chat.Answer{}, errors.New("lost the thread")
		}
		if err := emit(word); err != nil {
			return chat.Answer{}, err
		}
		select {
		case <-time.After(pause + f.For):
		case <-ctx.Done():
			return chat.Answer{}, ctx.Err()
		}
	}
	return chat.Answer{}, nil
}

func answerTo(question string) string {
	return "Re: " + question + ", which is to be answered in some more words, for they come one by one."
}

// relay is a provider of its own, as Pusher is: it lives on when the server
// dies, and is not to be relied upon.
type relay struct {
	w        *world
	hub      *pusher.Server
	server   *http.Server
	listener *pipeListener
	running  sync.WaitGroup
}

const (
	relayKey, relaySecret = "relay-key", "relay-secret-of-some-length"

	eventLost    kind = "the provider loses the event"
	eventTwice   kind = "the provider sends the event twice"
	eventLate    kind = "the provider sends the event late"
	eventPartial kind = "the provider sends no more than a hint"
)

var eventFaults = menu{{eventLost, 4, 0}, {eventTwice, 2, 5 * time.Second}, {eventLate, 4, 20 * time.Second}, {eventPartial, 2, 0}}

func newRelay(w *world, keys *auth.Keys) *relay {
	r := &relay{w: w, listener: newPipeListener(), hub: pusher.New(pusher.Options{Apps: []pusher.App{{ID: "relay", Key: relayKey, Secret: relaySecret}}})}
	r.server = &http.Server{Handler: r.hub, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	r.running.Go(func() { r.server.Serve(r.listener) }) // ends with close
	return r
}

// Publish takes an event, as a provider does, at once.
func (r *relay) Publish(ctx context.Context, channel, event string, data []byte, except string) error {
	f, latency := r.w.choices.next("event to the provider", eventFaults)
	send := func(wait time.Duration) {
		r.w.background.Go(func() {
			time.Sleep(wait)
			if err := r.hub.Publish(context.Background(), channel, event, data, except); err != nil {
				r.w.fail("provider", "%v", err)
			}
		})
	}
	switch f.Kind {
	case eventLost:
		return nil
	case eventTwice:
		send(latency + f.For)
	case eventLate:
		latency += f.For
	case eventPartial:
		data = []byte(`{"partial":true}`)
	}
	send(latency)
	return nil
}

func (r *relay) close() {
	r.listener.cut(false)
	r.server.Close()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	r.hub.Shutdown(gone) // has nobody to tell
	r.running.Wait()
}

// frameOnly are the built files as far as the API needs them.
type frameOnly struct{}

func (frameOnly) Read(string) ([]byte, error) { return []byte("<!doctype html>"), nil }
func (frameOnly) File(name string) (httpapi.File, bool) {
	return httpapi.File{Type: "text/html", ETag: `"e"`, Name: name}, true
}

// pipeListener hands out the far ends of lines.
type pipeListener struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	lines map[*line]bool
}

func newPipeListener() *pipeListener {
	return &pipeListener{accept: make(chan net.Conn), closed: make(chan struct{}), lines: map[*line]bool{}}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// dial connects a line to whoever accepts.
func (l *pipeListener) dial(ctx context.Context) (*line, error) {
	near, far := net.Pipe()
	c := &line{Conn: near, far: far, gone: make(chan struct{})}
	l.mu.Lock()
	l.lines[c] = true
	l.mu.Unlock()
	c.forget = func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.lines, c)
	}
	select {
	case l.accept <- far:
		return c, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	c.Close()
	return nil, errRefused
}

// cut ends the listener and all its lines.
func (l *pipeListener) cut(silently bool) {
	l.Close()
	l.drop(silently)
}

// drop ends all the lines.
func (l *pipeListener) drop(silently bool) {
	l.mu.Lock()
	lines := make([]*line, 0, len(l.lines))
	for c := range l.lines {
		lines = append(lines, c)
	}
	l.mu.Unlock()
	for _, c := range lines {
		c.cut(silently)
	}
}
