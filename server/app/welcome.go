package app

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"chatbot/assets"
	"chatbot/server/config"
	"chatbot/server/httpapi"
)

// Welcome is what a person who starts the server should know: where the test
// page is, what to paste, and what the server is set up to do.
func (a *App) Welcome() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Chatbot %s", Version)
	line("")
	line("  Test page   %s/chatbot-test.html", a.URL())
	line("  Guides      %s/docs/", a.URL())
	line("  Paste this  <script async src=\"%s/chatbot-widget.js\"></script>", a.URL())
	line("")
	line("  Realtime    %s", a.ways.describe())
	if a.config.Knowledge != "" {
		line("  Answers     from %s", a.config.Knowledge)
	} else {
		line("  Answers     built in, about this product (your own: --knowledge DIR)")
	}
	if len(a.config.AllowedOrigins) > 0 {
		line("  Pages       %s", strings.Join(a.config.AllowedOrigins, ", "))
	} else {
		line("  Pages       of this machine only (others: --allowed-origins)")
	}
	line("  Data        %s", a.config.DataDir)
	line("")
	return b.String()
}

// NewLogger makes the log that the configuration asks for.
func NewLogger(c config.Serve, out io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo // Validate has refused it
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// Export writes the widget's files for a static host into dir, and says on out
// what that host must do.
func Export(dir, server string, out io.Writer) error {
	if !assets.Built() {
		return errNotBuilt
	}
	files, err := assets.Export(strings.TrimSuffix(server, "/"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the folder %s cannot be made: %w", dir, err)
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return fmt.Errorf("write the widget: %w", err)
		}
		fmt.Fprintf(out, "%8d  %s\n", len(files[name]), filepath.Join(dir, name))
	}
	fmt.Fprintf(out, `
Serve this folder under any address and put one tag on your pages:

  <script async src="https://ADDRESS/chatbot-widget.js"></script>

The host should send .wasm as application/wasm, compress .js, .html and .wasm,
and answer chatbot-frame.html with these headers:

  Content-Security-Policy: %s
  X-Content-Type-Options: nosniff

Start the chat server with --allowed-origins https://ADDRESS so that the widget
may speak to it.
`, httpapi.FrameCSP([]string{"'self'", server, strings.Replace(server, "http", "ws", 1)}, "YOUR-SITE"))
	return nil
}
