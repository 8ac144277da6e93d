// Package httpapi is the server's HTTP face: the message API, the channel
// authorization, the pages and the files. The routes stand in one table, each
// resource has a file, and errors and middleware have one place each.
//
// A handler returns its error instead of writing it; refusals are *wire.Error
// and are mapped to a status here, everything else becomes a plain 500 whose
// cause goes to the log only. API holds no state of its own beyond the counters
// of its limits and is safe for concurrent use.
package httpapi

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"chatbot/server/auth"
	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Options are what an API is made of.
type Options struct {
	Chat *chat.Service
	// Config is the answer of GET /api/chatbot/config.
	Config wire.Config
	// OwnReverb says that the Reverb of Config is reached as this server is.
	OwnReverb bool
	// Signers sign channel subscriptions, by provider.
	Signers map[wire.Provider]Signer

	Tokens  *auth.Tokens
	Tickets *auth.Tickets
	// Identities verify the users whom sites vouch for.
	Identities *auth.Identities
	ServerKey  auth.ServerKey
	Origins    auth.Origins
	Sockets    *auth.Sockets
	// Endpoint is the realtime endpoint of this server itself, which is the
	// provider Reverb; nil where there is none.
	Endpoint Endpoint

	// OwnOrigins are the origins under which this server itself is reached;
	// a request that names another host is refused.
	OwnOrigins     []string
	TrustedProxies []netip.Prefix

	ConversationsPerMinute int
	MessagesPerMinute      int

	// Files is the built widget, Docs the guides.
	Files Files
	Docs  fs.FS

	// Stopping is closed when the server stops: polls that wait in their
	// handlers are then answered at once.
	Stopping <-chan struct{}
	// Parking is where polls wait at less cost; nil where all wait in their
	// handlers.
	Parking *Parking
	// Ready reports whether the server can do its work.
	Ready  func(*http.Request) error
	Clock  chat.Clock
	Logger *slog.Logger
}

// Signer signs subscriptions for one provider's application.
type Signer struct{ Key, Secret string }

// API serves everything but the realtime connections.
type API struct {
	Options
	conversations *auth.RateLimiter
	messages      *auth.RateLimiter
	gestures      *auth.RateLimiter // by participant
	transcripts   *auth.RateLimiter // by participant
	waits         *auth.Concurrency // by participant
	addressWaits  *auth.Concurrency
	waiting       atomic.Int64 // polls
	frame         []byte
	preload       string // the Link header that goes with it
	docs          map[string]doc
	pictures      map[string][]byte // of the guides
}

// maxWaits is how many polls one participant may hold open at once; a visitor
// has one a tab.
const maxWaits = 8

// maxWaitsPerAddress bounds the same for one network address, behind which many
// people may sit.
const maxWaitsPerAddress = 512

// gesturesPerMinute bounds what one participant does beside writing: typing and
// the like, which a widget says by itself.
const gesturesPerMinute = 120

type handler func(http.ResponseWriter, *http.Request) error

type route struct {
	method, path string
	handle       handler
}

// routes is the one table of all there is, in the order of the contract.
func (a *API) routes() []route {
	return []route{
		{"GET", wire.PathConfig, a.getConfig},
		{"GET", wire.PathOpenAPI, a.getOpenAPI},
		{"POST", wire.PathConversations, a.postConversation},
		{"GET", wire.PathConversations, a.listConversations},
		{"POST", wire.PathJoin, a.postJoin},
		{"GET", wire.PathConversation, a.getConversation},
		{"DELETE", wire.PathConversation, a.deleteConversation},
		{"POST", wire.PathMessages, a.postMessage},
		{"GET", wire.PathMessages, a.getMessages},
		{"PATCH", wire.PathMessage, a.patchMessage},
		{"DELETE", wire.PathMessage, a.deleteMessage},
		{"POST", wire.PathStop, a.postStop},
		{"PUT", wire.PathReaction, a.putReaction},
		{"DELETE", wire.PathReaction, a.deleteReaction},
		{"POST", wire.PathRead, a.postRead},
		{"POST", wire.PathTyping, a.postTyping},
		{"POST", wire.PathPresence, a.postPresence},
		{"POST", wire.PathToken, a.postToken},
		{"DELETE", wire.PathToken, a.deleteToken},
		{"POST", wire.PathInvitations, a.postInvitation},
		{"GET", wire.PathTranscript, a.getTranscript},
		{"POST", wire.PathChannelAuth, a.postChannelAuth},
		{"POST", "/broadcasting/auth", a.postChannelAuth},
		{"POST", wire.PathUserAuth, a.postUserAuth},
		{"GET", "/chatbot-frame.html", a.getFrame},
		{"GET", "/docs/", a.getDocs},
		{"GET", "/healthz", a.getHealth},
		{"GET", "/readyz", a.getReady},
		{"GET", "/{$}", a.getRoot},
		{"", "/", a.getFile},
	}
}

// New makes an API. The error names what in the built files is missing.
func New(o Options) (*API, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Endpoint == nil {
		o.Endpoint = noEndpoint{}
	}
	a := &API{
		Options:       o,
		conversations: auth.NewRateLimiter(o.ConversationsPerMinute),
		messages:      auth.NewRateLimiter(o.MessagesPerMinute),
		gestures:      auth.NewRateLimiter(gesturesPerMinute),
		transcripts:   auth.NewRateLimiter(transcriptsPerMinute),
		waits:         auth.NewConcurrency(maxWaits),
		addressWaits:  auth.NewConcurrency(maxWaitsPerAddress),
	}
	frame, ok := o.Files.File("chatbot-frame.html")
	if !ok {
		return nil, errors.New("the built files lack chatbot-frame.html")
	}
	var err error
	if a.frame, err = o.Files.Read(frame.Name); err != nil {
		return nil, err
	}
	a.preload = preload(a.frame)
	if a.docs, err = renderDocs(o.Docs); err != nil {
		return nil, err
	}
	a.pictures, err = readPictures(o.Docs)
	return a, err
}

// Handler is the API behind its middleware.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	taken := map[string][]string{}
	for _, r := range a.routes() {
		mux.Handle(strings.TrimSpace(r.method+" "+r.path), a.answer(r.handle))
		taken[r.path] = append(taken[r.path], r.method)
	}
	delete(taken, "/")
	for path, methods := range taken {
		for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if !slices.Contains(methods, m) {
				mux.Handle(m+" "+path, a.answer(methodNotAllowed(methods)))
			}
		}
	}
	return a.withRequestLog(a.withHostCheck(a.withCORS(mux)))
}
