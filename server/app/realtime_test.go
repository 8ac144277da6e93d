package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatbot/assets"
	"chatbot/server/app"
	"chatbot/server/config"
	"chatbot/server/pusher/signature"
)

// The endpoint is reached where it should be, with the application that the
// environment names, and the metrics by nobody but on their own listener.
func TestEndpointIsServed(t *testing.T) {
	if !assets.Built() {
		t.Fatal("the widget is not built; run `make assets`")
	}
	t.Setenv("REVERB_APP_ID", "7")
	t.Setenv("REVERB_APP_KEY", "the-key")
	t.Setenv("REVERB_APP_SECRET", "the-secret-of-the-test")
	c := config.DefaultServe()
	c.Addr, c.MetricsAddr, c.DataDir, c.RequestSize = "localhost:0", "localhost:0", t.TempDir(), 1000
	a, err := app.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	signed := func(path, body string) string {
		return a.URL() + path + "?" + signature.SignRequest("the-key", "the-secret-of-the-test", "POST", path, url.Values{}, []byte(body), time.Now()).Encode()
	}
	const event = `{"name":"x","channel":"news","data":"x"}`
	long := event + strings.Repeat(" ", 1000)
	metrics := "http://" + a.MetricsAddr()
	for _, r := range []struct{ method, url, body, want string }{
		{"GET", a.URL() + "/up", "", `200 {"health":"OK"}`},
		{"POST", a.URL() + "/apps/7/events", event, "401 "},
		{"POST", signed("/apps/7/events", event), event, "200 {}"},
		{"POST", signed("/apps/7/events", long), long, "413 "},
		{"GET", a.URL() + "/metrics", "", "404 "},
		{"GET", metrics + "/metrics", "", "200 # HELP"},
		{"GET", metrics + "/up", "", "404 "},
	} {
		if got := do(t, r.method, r.url, r.body); !strings.HasPrefix(got, r.want) {
			t.Errorf("%s %s: %.200s, want %s", r.method, r.url, got, r.want)
		}
	}
	if got := do(t, "GET", metrics+"/metrics", ""); !strings.Contains(got, `chatbot_realtime_api_seconds_count{route="POST /apps/{id}/events"} 3`) {
		t.Errorf("not measured: %s", got)
	}
}

func do(t *testing.T, method, url, body string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, b)
}
