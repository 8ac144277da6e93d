package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatbot/server/config"
	"chatbot/server/httpapi"
	"chatbot/server/pusher"
)

func TestMetrics(t *testing.T) {
	c := config.DefaultServe()
	c.MetricsAddr = "localhost:0"
	a := &App{config: c, realtime: pusher.New(pusher.Options{})}
	if err := a.listenMetrics(); err != nil {
		t.Fatal(err)
	}
	a.measure(&httpapi.API{})
	t.Cleanup(func() {
		if err := a.metrics.close(); err != nil {
			t.Error(err)
		}
	})
	for _, r := range []struct {
		host, path string
		status     int
		text       string
	}{
		{"localhost:9100", "/metrics", 200, "chatbot_realtime_connections 0"},
		{"localhost:9100", "/metrics", 200, "chatbot_polls_waiting 0"},
		{"127.0.0.1:9100", "/metrics", 200, "go_goroutines"},
		{"[::1]:9100", "/debug/pprof/", 200, "goroutine"},
		{"evil.example:9100", "/metrics", 403, ""},
		{"127.0.0.1.evil.example", "/metrics", 403, ""},
		{"localhost:9100", "/", 404, ""},
	} {
		request := httptest.NewRequest(http.MethodGet, r.path, nil)
		request.Host = r.host
		answer := httptest.NewRecorder()
		a.metrics.server.Handler.ServeHTTP(answer, request)
		if answer.Code != r.status || !strings.Contains(answer.Body.String(), r.text) {
			t.Errorf("%s%s: %d %.300s", r.host, r.path, answer.Code, answer.Body)
		}
	}
}

func TestMetricsOff(t *testing.T) {
	a := &App{config: config.DefaultServe()}
	if err := a.listenMetrics(); err != nil || a.MetricsAddr() != "" {
		t.Errorf("listens to %q, %v", a.MetricsAddr(), err)
	}
	a.measure(nil) // does nothing
}
