package httpapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"chatbot/widget/wire"
)

// Files is the built widget as the build has laid it out.
type Files interface {
	// Read gives the content of a stored file, as File names it.
	Read(stored string) ([]byte, error)
	// File describes a file by the name under which it is asked for, without
	// the leading slash.
	File(name string) (File, bool)
}

// File is one file of the built widget.
type File struct {
	Type      string // media type
	Immutable bool   // the name holds a hash of the content
	ETag      string // of the plain content, with its quotes
	// Name is the stored file, Brotli and Gzip are its compressed forms; empty
	// where there is none.
	Name, Brotli, Gzip string
}

// getRoot leads a curious person to the test page.
func (a *API) getRoot(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/chatbot-test.html", http.StatusFound)
	return nil
}

// getHealth answers as long as the process can.
func (a *API) getHealth(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// getReady answers whether requests should be sent here.
func (a *API) getReady(w http.ResponseWriter, r *http.Request) error {
	if err := a.Ready(r); err != nil {
		return &wire.Error{Code: wire.CodeUnavailable, Message: "The server is not ready.", RetryAfter: 1, Cause: err}
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// getFile serves the built files, compressed as the client likes it.
func (a *API) getFile(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	file, ok := a.Files.File(name)
	if !ok {
		return wire.NewError(wire.CodeNotFound, "There is nothing at this address.")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return methodNotAllowed([]string{"GET"})(w, r)
	}
	h := w.Header()
	h.Set("Content-Type", file.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	// Host pages load these from their own origin, those under a
	// Cross-Origin-Embedder-Policy too; nothing in them is secret.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Add("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if file.Immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.HasPrefix(file.Type, "text/html") {
		h.Set("Content-Security-Policy", a.pageCSP())
		h.Set("Referrer-Policy", "no-referrer")
	}
	stored, encoding := negotiate(r.Header.Get("Accept-Encoding"), file)
	etag := file.ETag
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
		etag = strings.TrimSuffix(etag, `"`) + "-" + encoding + `"`
	}
	h.Set("ETag", etag)
	if unchanged(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body, err := a.Files.Read(stored)
	if err != nil {
		return err
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodGet {
		w.Write(body)
	}
	return nil
}

// unchanged reports whether an If-None-Match header names the tag: it is a list,
// in which a proxy may have marked tags as weak, or a star (RFC 9110, 13.1.2).
func unchanged(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if tag := strings.TrimSpace(part); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// negotiate picks the smallest form that the client takes.
func negotiate(accept string, file File) (name, encoding string) {
	switch {
	case file.Brotli != "" && accepts(accept, "br"):
		return file.Brotli, "br"
	case file.Gzip != "" && accepts(accept, "gzip"):
		return file.Gzip, "gzip"
	}
	return file.Name, ""
}

// accepts reports whether an Accept-Encoding header names a coding, and not to
// refuse it.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		token, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(token), coding) {
			return strings.Trim(strings.TrimSpace(params), "q=0.") != "" || params == ""
		}
	}
	return false
}

// pageCSP is for our own pages that carry the widget as any site would.
func (a *API) pageCSP() string {
	own := strings.Join(cspSources(a.OwnOrigins), " ")
	return fmt.Sprintf("default-src 'none'; script-src 'self' %[1]s; style-src 'self'; img-src 'self' data:; frame-src 'self' %[1]s; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'", own)
}

// cspSources are the origins that a policy can name: it knows no IPv6 addresses
// (CSP 3, host-source), and a browser complains of them.
func cspSources(origins []string) []string {
	return slices.DeleteFunc(slices.Clone(origins), func(origin string) bool { return strings.Contains(origin, "[") })
}

// getFrame serves the frame document to a page of an allowed origin, together
// with a ticket that proves on which origin it was shown: the browser refuses
// to embed it anywhere but on the page that frame-ancestors names. The config
// goes along, which spares the program a round trip.
func (a *API) getFrame(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	site := r.URL.Query().Get("site")
	if site != "" && !a.mayCarry(site) {
		return refuseFrame(w, site)
	}
	ancestors := "'none'"
	body := a.frame
	if site != "" {
		ticket, err := a.Tickets.Issue(site, a.Clock())
		if err != nil {
			return err
		}
		config, err := json.Marshal(a.configFor(r))
		if err != nil {
			return err
		}
		ancestors = site
		body = withMeta(withMeta(body, "chatbot-ticket", ticket), "chatbot-config", string(config))
	}
	h.Set("Content-Security-Policy", a.frameCSP(ancestors))
	h.Set("Link", a.preload)
	// A frame of another site has a process of its own in any case. Asked for one
	// per origin, a browser starts it only now: the one that it had ready is one
	// per site.
	if r.Header.Get("Sec-Fetch-Site") != "cross-site" {
		h.Set("Origin-Agent-Cluster", "?1")
	}
	h.Set("Cross-Origin-Embedder-Policy", "credentialless")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	return writePacked(w, r, body)
}

// writePacked writes a body that was made for this one request, and packs it
// where the client takes that.
func writePacked(w http.ResponseWriter, r *http.Request, body []byte) error {
	w.Header().Add("Vary", "Accept-Encoding")
	if accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		var packed bytes.Buffer
		packer := gzip.NewWriter(&packed)
		packer.Write(body)
		if err := packer.Close(); err != nil {
			return err
		}
		body = packed.Bytes()
	}
	w.Write(body)
	return nil
}

// withMeta gives a document in which a meta element has a content.
func withMeta(document []byte, name, content string) []byte {
	const form = `name="%s" content="%s"`
	return bytes.Replace(document, fmt.Appendf(nil, form, name, ""), fmt.Appendf(nil, form, name, template.HTMLEscapeString(content)), 1)
}

// needed finds what the frame document needs to be painted.
var needed = regexp.MustCompile(`<script src="([^"]+)"`)

// preload is the Link header by which a browser asks for the frame's script before
// it reads the document, while it makes room for that.
func preload(frame []byte) string {
	if m := needed.FindSubmatch(frame); m != nil {
		return fmt.Sprintf("<%s>; rel=preload; as=script", m[1])
	}
	return ""
}

// frameCSP lets the frame do its work and no more: scripts of ours, which make
// their styles themselves, and connections to this server and to the realtime
// providers.
func (a *API) frameCSP(ancestors string) string {
	connect := []string{"'self'"}
	for _, address := range cspSources(a.OwnOrigins) {
		connect = append(connect, strings.Replace(address, "http", "ws", 1))
	}
	connect = append(connect, cspSources(socketOrigins(a.Config))...)
	slices.Sort(connect)
	return FrameCSP(slices.Compact(connect), ancestors)
}

// FrameCSP is the policy of the frame document, wherever that is served: it may
// connect to these sources, and be put into pages of these ancestors.
func FrameCSP(connect []string, ancestors string) string {
	return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' https: data:; connect-src " +
		strings.Join(connect, " ") + "; base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors + "; require-trusted-types-for 'script'"
}

// socketOrigins are the addresses at which the widget may open sockets.
func socketOrigins(c wire.Config) (origins []string) {
	add := func(scheme, host string, port int) {
		origins = append(origins, fmt.Sprintf("%s://%s", strings.Replace(scheme, "http", "ws", 1), net.JoinHostPort(host, strconv.Itoa(port))))
	}
	if c.Reverb.Enabled {
		add(c.Reverb.Scheme, c.Reverb.Host, c.Reverb.Port)
	}
	switch p := c.Pusher; {
	case p.Enabled && p.Host == "":
		origins = append(origins, "wss://ws-"+p.Cluster+".pusher.com")
	case p.Enabled:
		add(p.Scheme, p.Host, p.Port)
	}
	return origins
}

var refusalTemplate = template.Must(template.New("refused").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>This page may not show the chat</title></head>
<body>
<main>
<h1>This page may not show the chat</h1>
<p>The chat server does not know the origin <strong>{{.}}</strong>.</p>
<p>If this is your site, start the server with <code>--allowed-origins {{.}}</code> or add the origin to <code>CHATBOT_ALLOWED_ORIGINS</code>.</p>
</main>
</body>
</html>
`))

// refuseFrame shows a page that anybody may embed and that can do nothing: it
// tells the owner of an unlisted site what to do.
func refuseFrame(w http.ResponseWriter, site string) error {
	if u, err := url.Parse(site); err != nil || u.Host == "" || len(site) > 200 {
		site = "of this page"
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *")
	w.WriteHeader(http.StatusForbidden)
	return refusalTemplate.Execute(w, site)
}
