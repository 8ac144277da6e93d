package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatbot/widget/wire"
)

// binary builds the command once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "chatbot-e2e")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "chatbot")
	out, err := exec.Command("go", "build", "-o", file, "chatbot/server").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return file, err
})

// process is the real command, running.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	stderr *logBuffer
}

// freeAddr is an address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

// ofTheChat are the variables that the command reads.
var ofTheChat = regexp.MustCompile(`^(CHATBOT|REVERB|PUSHER|BROADCAST)_`)

// command prepares the real command without this machine's settings.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, args...)
	for _, entry := range os.Environ() {
		if !ofTheChat.MatchString(entry) {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	return cmd
}

// startProcess runs the server and waits until it is ready.
func startProcess(t *testing.T, addr, dir string, args ...string) *process {
	t.Helper()
	return launch(t, addr, command(t, append([]string{"--addr", addr, "--data-dir", dir}, args...)...))
}

// launch starts a prepared server and waits until it is ready.
func launch(t *testing.T, addr string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, url: "http://" + addr, cmd: cmd, stderr: &logBuffer{}}
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Test page") {
			go io.Copy(io.Discard, stdout)
			p.untilReady()
			return p
		}
	}
	t.Fatalf("the server did not start: %s", p.stderr)
	return nil
}

func (p *process) untilReady() {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := http.Get(p.url + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the server is not ready: %v\n%s", err, p.stderr)
		}
		<-tick.C
	}
}

// call is one request to the API; the answer's status comes back.
func (p *process) call(method, path, token string, body, answer any) (int, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest(method, p.url+path, bytes.NewReader(encoded))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if answer != nil {
		err = json.NewDecoder(res.Body).Decode(answer)
	}
	return res.StatusCode, err
}

func (p *process) begin() (s wire.Session) {
	p.t.Helper()
	if status, err := p.call("POST", wire.PathConversations, "", struct{}{}, &s); err != nil || status != http.StatusCreated {
		p.t.Fatal(status, err)
	}
	return s
}

func messagesPath(s wire.Session) string {
	return strings.Replace(wire.PathMessages, "{id}", s.Conversation.ID, 1)
}

// The server is killed at any instant while a visitor sends. What was accepted
// is there after the restart, and each message has one answer.
func TestKilled(t *testing.T) {
	addr, dir := freeAddr(t), t.TempDir()
	p := startProcess(t, addr, dir)
	session := p.begin()
	accepted := map[string]bool{}
	for round := range 5 {
		for i := range 3 {
			id := fmt.Sprintf("m-%d-%d", round, i)
			status, err := p.call("POST", messagesPath(session), session.Token, wire.SendRequest{ClientID: id, Body: "Hello " + id}, nil)
			if err != nil || status != http.StatusCreated {
				t.Fatal(status, err)
			}
			accepted[id] = true
		}
		if err := p.cmd.Process.Kill(); err != nil { // SIGKILL, right after the answer
			t.Fatal(err)
		}
		p.cmd.Wait()
		p = startProcess(t, addr, dir)
	}
	var page wire.Page
	deadline := time.Now().Add(patience)
	for len(page.Messages) < 2*len(accepted) {
		if status, err := p.call("GET", messagesPath(session)+"?limit=100&after=0", session.Token, nil, &page); err != nil || status != 200 {
			t.Fatal(status, err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages for %d that were accepted", len(page.Messages), len(accepted))
		}
	}
	answered := map[string]int{}
	for i, m := range page.Messages {
		if m.Seq != int64(i+1) {
			t.Errorf("message %d has seq %d", i+1, m.Seq)
		}
		if m.Author.Role == wire.RoleBot {
			answered[m.ClientID]++
		} else {
			delete(accepted, m.ClientID)
		}
	}
	if len(accepted) > 0 {
		t.Errorf("lost: %v", accepted)
	}
	for id, n := range answered {
		if n != 1 {
			t.Errorf("%s was given %d times", id, n)
		}
	}
}

// SIGTERM: the socket is told to come back, a waiting poll is answered, and the
// process ends well.
func TestTerminated(t *testing.T) {
	p := startProcess(t, freeAddr(t), t.TempDir())
	session := p.begin()
	var c wire.Config
	if _, err := p.call("GET", wire.PathConfig, "", nil, &c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, strings.Replace(p.url, "http", "ws", 1)+"/app/"+c.Reverb.Key+"?protocol=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	if _, _, err := socket.Read(ctx); err != nil {
		t.Fatal(err)
	}
	polled := make(chan error, 1)
	go func() {
		status, err := p.call("GET", messagesPath(session)+"?wait=25&since="+session.Cursor.String(), session.Token, nil, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		polled <- err
	}()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for err == nil { // an event may say so first
		_, _, err = socket.Read(ctx)
	}
	if websocket.CloseStatus(err) != 4200 {
		t.Errorf("the socket ended with %v, want close code 4200", err)
	}
	if err := <-polled; err != nil && !strings.Contains(err.Error(), "refused") && !strings.Contains(err.Error(), "EOF") {
		t.Errorf("the poll: %v", err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v: %s", err, p.stderr)
	}
}

// What is wrong with the surroundings is said in one line.
func TestStartRefused(t *testing.T) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "chatbot.db"), bytes.Repeat([]byte("no database"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	free := freeAddr(t)
	for _, c := range []struct {
		name, says string
		args       []string
	}{
		{"taken port", "--addr", []string{"--addr", "localhost:" + port, "--data-dir", t.TempDir()}},
		{"a file as data directory", "--data-dir", []string{"--addr", free, "--data-dir", file}},
		{"no database", "--data-dir", []string{"--addr", free, "--data-dir", damaged}},
		{"no knowledge", "--knowledge", []string{"--addr", free, "--data-dir", t.TempDir(), "--knowledge", filepath.Join(damaged, "none")}},
		{"no certificate", "--tls-cert", []string{"--addr", free, "--data-dir", t.TempDir(), "--tls-cert", file, "--tls-key", file}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stderr bytes.Buffer
			cmd := command(t, c.args...)
			cmd.Stderr = &stderr
			err := cmd.Run()
			if err == nil || !strings.Contains(stderr.String(), c.says) || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("%v: %q", err, stderr.String())
			}
		})
	}
}

// A person reads and answers from a terminal.
func TestTerminal(t *testing.T) {
	dir := t.TempDir()
	p := startProcess(t, freeAddr(t), dir)
	session := p.begin()
	follow := command(t, "conversations", "--follow", "--url", p.url, "--data-dir", dir)
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { follow.Process.Kill(); follow.Wait() }()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("conversations --follow says nothing")
	}
	if status, err := p.call("POST", messagesPath(session), session.Token, wire.SendRequest{ClientID: "k", Body: "Is anybody there?"}, nil); err != nil || status != http.StatusCreated {
		t.Fatal(status, err)
	}
	if !lines.Scan() || !strings.Contains(lines.Text(), "Is anybody there?") || !strings.Contains(lines.Text(), session.Conversation.ID) {
		t.Errorf("followed: %q", lines.Text())
	}
	if out, err := command(t, "reply", "--url", p.url, "--data-dir", dir, "--name", "Ann", session.Conversation.ID, "Yes, I am.").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ann (agent): Yes, I am.") {
			break
		}
	}
	list, err := command(t, "conversations", "--url", p.url, "--data-dir", dir).CombinedOutput()
	if err != nil || !strings.Contains(string(list), session.Conversation.ID) {
		t.Errorf("%v: %s", err, list)
	}
	if out, err := command(t, "reply", "--url", p.url, "--data-dir", dir, "unknown", "text").CombinedOutput(); err == nil {
		t.Errorf("a reply to nobody: %s", out)
	}
}
