package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
)

// widget is a chat that is measured.
type widget struct {
	name string
	// binary is our server; empty for a widget of somebody else's.
	binary string
	// tag is the HTML that puts it on a page; %s is our server.
	tag string
	// script is the end of the address of the script that it begins with.
	script string
	// wanted are conditions of watch.js: launcher, panel and composer, and live
	// where it has a connection to wait for.
	wanted string
	// launcher is the path to what a visitor clicks, through shadow roots.
	launcher string
}

// ours is the product, by one of its compilers.
func ours(name, binary string) widget {
	return widget{
		name: name, binary: binary,
		tag:    `<script async src="%s/chatbot-widget.js"></script>`,
		script: "/chatbot-widget.js",
		wanted: `
			launcher: () => visible("#chatbot-widget >>> .launcher"),
			panel: () => visible("#chatbot-widget >>> .panel[open]") || visible("#app .head"),
			composer: () => visible("#message") && !!window.chatbotHost && !!chatbotHost.config.lang,
			live: () => !!(window.ChatbotWidget && ChatbotWidget.state && ChatbotWidget.state.realtimeConnected)`,
		launcher: "#chatbot-widget >>> .launcher",
	}
}

// peers are widgets from npm, each as its own guide puts it on a page, with a
// back end that answers as little as it takes. deep-chat has no launcher: the
// page has a button that puts the chat into it.
var peers = []widget{{
	name: "deep-chat 2.4.2",
	tag: `<script type="module" src="/peer/deep-chat/dist/deepChat.bundle.js"></script>
		<button id="launcher">Chat</button><div id="place" style="position:fixed;right:20px;bottom:80px"></div>
		<script>document.getElementById("launcher").onclick = () => document.getElementById("place").append(document.createElement("deep-chat"))</script>`,
	script:   "/deepChat.bundle.js",
	wanted:   `launcher: () => visible("#launcher") && !!customElements.get("deep-chat"), panel: () => visible("deep-chat"), composer: () => visible("deep-chat >>> #text-input")`,
	launcher: "#launcher",
}, {
	name:     "Typebot 0.10.7",
	tag:      `<script type="module">import Typebot from "/peer/@typebot.io/js/dist/web.js"; Typebot.initBubble({ typebot: "bench", apiHost: location.origin + "/typebot" });</script>`,
	script:   "/web.js",
	wanted:   `launcher: () => visible("typebot-bubble >>> [part~=button]"), panel: () => visible("typebot-bubble >>> [part~=bot]"), composer: () => visible("typebot-bubble >>> .text-input")`,
	launcher: "typebot-bubble >>> [part~=button]",
}, {
	name:     "n8n 1.37.0",
	tag:      `<link rel="stylesheet" href="/peer/@n8n/chat/dist/style.css"><script type="module">import { createChat } from "/peer/@n8n/chat/dist/chat.bundle.es.js"; createChat({ webhookUrl: location.origin + "/n8n" });</script>`,
	script:   "/chat.bundle.es.js",
	wanted:   `launcher: () => visible(".chat-window-toggle"), panel: () => visible(".chat-window"), composer: () => visible(".chat-window textarea")`,
	launcher: ".chat-window-toggle",
}, {
	name:     "Flowise 3.1.6",
	tag:      `<script type="module">import Chatbot from "/peer/flowise-embed/dist/web.js"; Chatbot.init({ chatflowid: "bench", apiHost: location.origin + "/flowise" });</script>`,
	script:   "/web.js",
	wanted:   `launcher: () => visible("flowise-chatbot >>> button[part=button]"), panel: () => visible("flowise-chatbot >>> [part=bot]"), composer: () => visible("flowise-chatbot >>> [part=bot] textarea")`,
	launcher: "flowise-chatbot >>> button[part=button]",
}}

// answers are what the peers' back ends say, by the beginning of a path.
var answers = map[string]string{
	"/typebot/api/v1/typebots/bench/startChat": `{"sessionId":"s","resultId":"r","typebot":{"id":"bench","version":"6.1","theme":{},"settings":{}},
		"messages":[],
		"input":{"id":"i","type":"text input","options":{"labels":{"placeholder":"Write","button":"Send"}}}}`,
	"/n8n":                              `{"data":[]}`,
	"/flowise/api/v1/public-chatbot":    `{}`,
	"/flowise/api/v1/chatflows-streami": `{"isStreaming":false}`,
}

// site is a page with a widget on it, and what the widget needs.
type site struct {
	address string // host and port
	server  *http.Server
	files   *packed

	mu   sync.Mutex
	page string
}

func newSite(folder string) (*site, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &site{address: listener.Addr().String(), files: &packed{folder: os.DirFS(folder), made: map[string][]byte{}}}
	s.server = &http.Server{Handler: s}
	go s.server.Serve(listener)
	return s, nil
}

// carry puts a tag into the page.
func (s *site) carry(tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A shop</title>
		<link rel="icon" href="data:,"></head><body><h1>A shop</h1><p>Some text about what it sells.</p>` + tag + `</body></html>`
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if file, ok := strings.CutPrefix(r.URL.Path, "/peer/"); ok {
		s.files.serve(w, r, file)
		return
	}
	for begin, answer := range answers {
		if strings.HasPrefix(r.URL.Path, begin) {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(answer))
			return
		}
	}
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(s.page))
}

// packed serves the peers' files as a content delivery network does: brotli at
// its best, and never asked for again.
type packed struct {
	folder fs.FS

	mu   sync.Mutex
	made map[string][]byte
}

func (p *packed) serve(w http.ResponseWriter, r *http.Request, name string) {
	content, err := p.file(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".mjs" {
		kind = "text/javascript"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Encoding", "br")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(content)
}

func (p *packed) file(name string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if content, ok := p.made[name]; ok {
		return content, nil
	}
	content, err := fs.ReadFile(p.folder, name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := brotli.NewWriterLevel(&b, brotli.BestCompression)
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	p.made[name] = b.Bytes()
	return b.Bytes(), nil
}

// chatServer is our server, as it ships but for the limits on one address.
type chatServer struct {
	address string
	stop    func()
}

// startServer runs a binary for visitors who reach it at a public address.
func startServer(ctx context.Context, binary, address, public string) (*chatServer, error) {
	dir, err := os.MkdirTemp("", "chatbot-bench-")
	if err != nil {
		return nil, err
	}
	var log bytes.Buffer
	command := exec.CommandContext(ctx, binary, "--addr", address, "--data-dir", dir, "--public-url", public, "--rate-messages", "1000000", "--log-level", "error")
	command.Stderr = &log
	if err := command.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &chatServer{address: address, stop: func() { command.Process.Kill(); command.Wait(); os.RemoveAll(dir) }}
	for deadline := time.Now().Add(patience); ; {
		if answer, err := http.Get("http://" + address + "/up"); err == nil {
			return s, answer.Body.Close()
		} else if time.Now().After(deadline) {
			s.stop()
			return nil, fmt.Errorf("%s does not answer: %w\n%s", filepath.Base(binary), err, log.String())
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			s.stop()
			return nil, err
		}
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
