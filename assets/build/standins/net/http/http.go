// Package http stands in for the standard library's in the browser, where
// go-app's server side is compiled but never called, and coder/websocket names
// a Response that it hardly fills. Lost: the client and the server; Get says
// so, and a FileServer answers 501. The widget speaks HTTP by the browser's
// own fetch.
package http

import (
	"errors"
	"io"
	"net/url"
)

// The status codes that the two libraries name.
const (
	StatusSwitchingProtocols  = 101
	StatusOK                  = 200
	StatusNotModified         = 304
	StatusNotFound            = 404
	StatusInternalServerError = 500
	StatusNotImplemented      = 501
)

// ErrNoClient is what Get answers.
var ErrNoClient = errors.New("net/http is a stand-in in the browser: use fetch")

// Header holds a message's header fields. Unlike the real one it does not
// canonicalize their names.
type Header map[string][]string

// Get gives the first value of a field, or "".
func (h Header) Get(key string) string {
	if v := h[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Set gives a field one value.
func (h Header) Set(key, value string) { h[key] = []string{value} }

// Request is a request to a server.
type Request struct {
	Method string
	URL    *url.URL
	Host   string
	Header Header
	TLS    any // nil where the request came unencrypted
}

// Response is a server's answer.
type Response struct {
	StatusCode int
	Header     Header
	Body       io.ReadCloser
}

// ResponseWriter is where a handler writes its answer.
type ResponseWriter interface {
	Header() Header
	Write([]byte) (int, error)
	WriteHeader(statusCode int)
}

// Handler answers requests.
type Handler interface {
	ServeHTTP(ResponseWriter, *Request)
}

// HandlerFunc is a function that is a Handler.
type HandlerFunc func(ResponseWriter, *Request)

// ServeHTTP calls f.
func (f HandlerFunc) ServeHTTP(w ResponseWriter, r *Request) { f(w, r) }

// FileSystem is a tree of files; there is none.
type FileSystem any

// Dir names a folder.
type Dir string

// FileServer is a Handler that answers 501.
func FileServer(FileSystem) Handler {
	return HandlerFunc(func(w ResponseWriter, _ *Request) { w.WriteHeader(StatusNotImplemented) })
}

// NotFound answers 404.
func NotFound(w ResponseWriter, _ *Request) { w.WriteHeader(StatusNotFound) }

// Get fails with ErrNoClient.
func Get(string) (*Response, error) { return nil, ErrNoClient }
