package auth_test

import (
	"strings"
	"testing"

	"chatbot/server/auth"
)

func TestDefaultOrigins(t *testing.T) {
	origins, err := auth.ParseOrigins(nil)
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{
		"http://localhost": true, "http://localhost:3000": true, "https://localhost:8443": true,
		"http://127.0.0.1": true, "http://127.0.0.1:8000": true, "http://[::1]:8000": true, "https://[::1]": true,
		"null": false, "": false, "*": false, "localhost": false, "file://": false, "file://localhost": false, "ftp://localhost": false,
		"http://localhost.evil.example": false, "http://evil.example": false, "http://evil-localhost": false, "http://localhost@evil.example": false,
		"http://127.0.0.1.evil.example": false, "http://127.0.0.2": false, "http://[::2]": false, "http://192.168.0.1": false,
		// Not as a browser writes an origin, so not to be put into a header.
		"http://localhost/": false, "http://localhost:80": false, "HTTP://LOCALHOST": false, "http://localhost; x": false, "http://localhost http://evil.example": false,
		"http://localhost:99999": false, "http://localhost:": false, "http://localhost:08000": false, "http://localhost?x": false, "http://localhost#x": false,
		"http://localhost\r\nX: y": false, "http://[::1%25lo]": false, "http://[0:0:0:0:0:0:0:1]": false,
	} {
		if origins.Allowed(origin) != want {
			t.Errorf("%q allowed: %v", origin, !want)
		}
	}
}

func TestNamedOrigins(t *testing.T) {
	origins, err := auth.ParseOrigins([]string{"https://Shop.Example:443/", "http://intra.example:8080", "http://old.example:80", "http://[2001:DB8:0::1]:81"})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{
		"https://shop.example": true, "http://intra.example:8080": true, "http://old.example": true, "http://[2001:db8::1]:81": true,
		"http://shop.example": false, "https://shop.example:8443": false, "https://www.shop.example": false, "https://shop.example.evil.example": false,
		"https://intra.example:8080": false, "http://intra.example": false, "http://localhost": false, "null": false, "": false,
	} {
		if origins.Allowed(origin) != want {
			t.Errorf("%q allowed: %v", origin, !want)
		}
	}
}

func TestOriginsThatAreNone(t *testing.T) {
	for _, s := range []string{
		"", "null", "*", "shop.example", "//shop.example", "https://", "https://*.shop.example", "https://shop.example/page", "https://shop.example?x",
		"https://shop.example#x", "https://user@shop.example", "ftp://shop.example", "https://shop.example:port", "https://shop.example:70000", "https://shop.example:",
		"https://shop.example https://b.example", "https://bücher.example", "https://shop..example", "https://b%C3%BCcher.example", "https://a'b", "https://[::1",
	} {
		_, err := auth.ParseOrigins([]string{"https://good.example", s})
		if err == nil || !strings.Contains(err.Error(), "such as https://shop.example") || strings.Contains(err.Error(), "\n") {
			t.Errorf("ParseOrigins(%q): %v", s, err)
		}
	}
}
