package standins_test

import (
	"errors"
	"testing"

	"chatbot/assets/build/standins/crypto/aes"
	"chatbot/assets/build/standins/crypto/cipher"
	"chatbot/assets/build/standins/crypto/md5"
	"chatbot/assets/build/standins/crypto/sha1"
	"chatbot/assets/build/standins/internal/godebug"
	"chatbot/assets/build/standins/net"
	"chatbot/assets/build/standins/net/http"
	"chatbot/assets/build/standins/net/netip"
	"chatbot/assets/build/standins/regexp"
)

// These tests say what is lost. That nothing else of a package can be used is
// tested where the overlay is made; crypto/rand needs a browser, and the tests
// with one depend on it for every message they send.

// A route may be text, or any text before or after it, and nothing else.
func TestRegexp(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{".*", []string{"", "/", "/a?b"}, nil},
		{"^/chat.*", []string{"/chat", "/chat/2"}, []string{"", "/", "a/chat"}},
		{"^/$", []string{"/"}, []string{"", "//"}},
		{"end$", []string{"end", "the end"}, []string{"ends"}},
		{"in", []string{"in", "a tin can"}, []string{"", "i n"}},
	} {
		r := regexp.MustCompile(c.pattern)
		for _, s := range c.yes {
			if !r.MatchString(s) {
				t.Errorf("%s does not match %q", c.pattern, s)
			}
		}
		for _, s := range c.no {
			if r.MatchString(s) {
				t.Errorf("%s matches %q", c.pattern, s)
			}
		}
	}
	for _, pattern := range []string{`\d`, "a+", "(a)", "[a-z]", "a|b", ".", "a.*b", "a{2}"} {
		if !panics(func() { regexp.MustCompile(pattern) }) {
			t.Errorf("%s is taken, and would match something else", pattern)
		}
	}
}

// There is no client, and a server has nothing to serve.
func TestHTTP(t *testing.T) {
	if _, err := http.Get("http://localhost"); !errors.Is(err, http.ErrNoClient) {
		t.Errorf("Get gives %v", err)
	}
	for status, handle := range map[int]http.HandlerFunc{
		http.StatusNotImplemented: http.FileServer(http.Dir(".")).ServeHTTP,
		http.StatusNotFound:       http.NotFound,
	} {
		w := writer{}
		if handle(w, &http.Request{}); w.Header().Get("status") != http.Header(statusHeader(status)).Get("status") {
			t.Errorf("answers %q, want %d", w.Header().Get("status"), status)
		}
	}
	h := http.Header{}
	h.Set("a-b", "c")
	if h.Get("a-b") != "c" || h.Get("A-B") != "" {
		t.Error("names of fields are canonical after all")
	}
}

// writer notes the status among the fields.
type writer map[string][]string

func (w writer) Header() http.Header       { return http.Header(w) }
func (writer) Write(b []byte) (int, error) { return len(b), nil }
func (w writer) WriteHeader(status int)    { w["status"] = statusHeader(status)["status"] }
func statusHeader(status int) http.Header  { return http.Header{"status": {string(rune(status))}} }

func TestNet(t *testing.T) {
	if net.ErrClosed.Error() != "use of closed network connection" {
		t.Errorf("the one thing that is left says %q", net.ErrClosed)
	}
}

// Nothing is encrypted, and nothing is hashed wrongly.
func TestCrypto(t *testing.T) {
	if _, err := aes.NewCipher(make([]byte, 16)); !errors.Is(err, aes.ErrNoCipher) {
		t.Errorf("NewCipher gives %v", err)
	}
	if _, err := cipher.NewGCM(nil); !errors.Is(err, cipher.ErrNoCipher) {
		t.Errorf("NewGCM gives %v", err)
	}
	for name, hash := range map[string]func(){
		"md5.New":  func() { md5.New() },
		"sha1.New": func() { sha1.New() },
		"sha1.Sum": func() { sha1.Sum(nil) },
	} {
		if !panics(hash) {
			t.Errorf("%s does something", name)
		}
	}
}

// An address is judged by its characters only.
func TestNetip(t *testing.T) {
	for _, s := range []string{"::", "::1", "fe80::1%eth0", "2001:db8::1.2.3.4", "1:2:3:4:5:6:7:8:9" /* which is none */} {
		if a, err := netip.ParseAddr(s); err != nil || a.Is4() {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"", "1.2.3.4", "localhost", "a:b", "%::1", "::1%", "::g"} {
		if _, err := netip.ParseAddr(s); err == nil {
			t.Errorf("%s is taken", s)
		}
	}
}

// Every setting keeps its default.
func TestGodebug(t *testing.T) {
	t.Setenv("GODEBUG", "x=1")
	s := godebug.New("#x")
	s.IncNonDefault()
	if s.Name() != "x" || s.Value() != "" {
		t.Errorf("%s is %q", s.Name(), s.Value())
	}
}

func panics(do func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	do()
	return false
}
