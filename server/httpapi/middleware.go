package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"chatbot/server/auth"
	"chatbot/widget/wire"
)

type requestKey struct{}

// named is what the log tells a request by.
type named struct {
	id    string
	began time.Time
}

func requestName(r *http.Request) named {
	name, _ := r.Context().Value(requestKey{}).(named)
	return name
}

func requestID(r *http.Request) string { return requestName(r).id }

// withRequestLog names each request, writes one line about it, and turns a
// panic into a 500. The line holds neither query nor address nor token. Of a
// request that left its handler with its connection, whoever took it tells,
// under the name it has.
func (a *API) withRequestLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := requestName(r)
		if name.id == "" {
			name = named{uuid.NewString(), time.Now()}
			r = r.WithContext(context.WithValue(r.Context(), requestKey{}, name))
		}
		status := &statusWriter{ResponseWriter: w}
		status.extend() // the last answer's may be over
		defer func() {
			if fault := recover(); fault != nil {
				if fault == http.ErrAbortHandler {
					panic(fault)
				}
				a.Logger.Error("panic", "request", name.id, "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
				if status.code == 0 {
					a.refuse(status, r, wire.NewError(wire.CodeInternal, "Something went wrong on the server."))
				}
			}
			if !status.hijacked {
				a.Logger.Debug("request", "request", name.id, "method", r.Method, "path", r.URL.Path, "status", status.code, "took", time.Since(name.began))
			}
		}()
		next.ServeHTTP(status, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	code     int
	hijacked bool
}

// A client has writePatience to take each writeSize bytes of an answer. One that
// reads nothing would hold a request, and what it is answered with, for ever.
const (
	writePatience = 30 * time.Second
	writeSize     = 32 << 10
)

func (w *statusWriter) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.extend()
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(b []byte) (n int, err error) {
	for part := range slices.Chunk(b, writeSize) {
		w.extend()
		m, err := w.ResponseWriter.Write(part)
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// extend begins the client's time anew. What is not written to a connection, such
// as the answer of a parked poll, has none.
func (w *statusWriter) extend() {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(writePatience))
}

// Hijack implements http.Hijacker where what is below does.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = err == nil
	return conn, buffered, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// withHostCheck refuses requests that name another host than ours, so that a
// page cannot reach a server on this machine by rebinding its own name to it.
func (a *API) withHostCheck(next http.Handler) http.Handler {
	hosts := ownHosts(a.OwnOrigins)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		health := r.URL.Path == "/healthz" || r.URL.Path == "/readyz" // probes come by address
		if !health && !slices.Contains(hosts, strings.ToLower(r.Host)) {
			a.refuse(w, r, wire.NewError(wire.CodeMisdirectedRequest, fmt.Sprintf("This server does not answer for the host %.100q. Set --public-url to the address that visitors use.", r.Host)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownHosts are what a Host header may say: as browsers write it, and with the
// scheme's own port, as some programs do.
func ownHosts(origins []string) (hosts []string) {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil {
			continue
		}
		hosts = append(hosts, u.Host)
		if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; u.Port() == "" {
			hosts = append(hosts, u.Host+port)
		}
	}
	return hosts
}

// corsHeaders are the request headers that a page of an allowed origin may set.
var corsHeaders = strings.Join([]string{"Authorization", "Content-Type", wire.HeaderSocketID, wire.HeaderSite}, ", ")

// withCORS lets pages of the allowed origins read the API, without cookies or
// other credentials. Other origins get no such header and so no answer.
func (a *API) withCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, "/broadcasting/") {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin != "" && !a.mayCarry(origin) {
			a.refuse(w, r, wire.NewError(wire.CodeOriginNotAllowed, fmt.Sprintf("Pages of %.100s may not use this chat. Name the origin in --allowed-origins.", origin)))
			return
		}
		if origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "Content-Disposition, Retry-After")
		}
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", corsHeaders)
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// limit charges one call to the caller's network and site.
func (a *API) limit(limiter *auth.RateLimiter, r *http.Request, site string) error {
	return a.charge(limiter, auth.RateKey(a.remoteIP(r), a.Origins.Group(site)))
}

// charge charges one call to key.
func (a *API) charge(limiter *auth.RateLimiter, key string) error {
	wait, ok := limiter.Allow(key, a.Clock())
	if ok {
		return nil
	}
	seconds := int(wait/time.Second) + 1
	return &wire.Error{
		Code:       wire.CodeRateLimited,
		Message:    fmt.Sprintf("Too much at once. Please wait %d seconds and try again.", seconds),
		RetryAfter: seconds,
	}
}
