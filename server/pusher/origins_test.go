package pusher_test

import (
	"testing"

	"chatbot/server/pusher"
)

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		list    string
		origin  string
		allowed bool
	}{
		{"shop.example", "https://shop.example", true},
		{"Shop.Example", "http://shop.example:8080", true},
		{"shop.example", "https://shop.example.evil.example", false},
		{"shop.example", "https://evil-shop.example", false},
		{"shop.example", "https://a.shop.example", false},
		{"*.shop.example", "https://a.b.shop.example", true},
		{"*.shop.example", "https://shop.example", false},
		{"*.shop.example", "https://evil.example/?a.shop.example", false},
		{"*.shop.example", "https://evil.example#a.shop.example", false},
		{"shopXexample", "https://shop.example", false},
		{"shop.example", "https://shopxexample", false}, // the dot is a dot
		{"https://shop.example", "https://shop.example", true},
		{"https://shop.example", "http://shop.example", false},
		{"https://*.shop.example", "https://a.shop.example", true},
		{"*", "https://any.example", true},
		{"*", "null", true},
		{"shop.example", "null", false},
		{"shop.example", "", false},
	} {
		o, err := pusher.ParseOrigins([]string{"other.example", c.list})
		if err != nil {
			t.Fatal(err)
		}
		if o.Allowed(c.origin) != c.allowed {
			t.Errorf("%s, page %s: %t", c.list, c.origin, !c.allowed)
		}
	}
	for _, wrong := range []string{"", "a b", "https://shop.example/", "ftp://shop.example", "(a)", "shop.example/page"} {
		if _, err := pusher.ParseOrigins([]string{wrong}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
	if (pusher.Origins)(nil).Allowed("https://shop.example") {
		t.Error("an empty list allows")
	}
}
