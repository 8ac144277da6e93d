package app

import (
	"log/slog"
	"strings"
	"testing"
)

// What net/http says of a connection is told without the client's address.
func TestLogNamesNoClient(t *testing.T) {
	var said strings.Builder
	log := connectionLog(slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Output(1, "http: TLS handshake error from 203.0.113.9:4711: EOF")
	log.Output(1, "http: TLS handshake error from [2001:db8::1%eth0]:4711: EOF")
	if text := said.String(); strings.Contains(text, "203.0") || strings.Contains(text, "2001") || strings.Count(text, "from a client: EOF") != 2 {
		t.Errorf("it says %s", text)
	}
}
