package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// server is the real command. It belongs to one goroutine.
type server struct {
	file, addr, dir string
	args            []string
	cmd             *exec.Cmd
	ended           chan struct{}
	stderr          tail
}

// buildServer makes the command from this module, in dir.
func buildServer(ctx context.Context, dir string) (string, error) {
	file := filepath.Join(dir, "chatbot")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", file, "chatbot/server").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the server: %w: %s", err, out)
	}
	return file, nil
}

// freeAddr is an address that nobody listens on, and below those that systems
// choose for outgoing connections: nobody takes it while the server is away.
func freeAddr() (string, error) {
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))
		l, err := net.Listen("tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("no port is free between 10000 and 30000")
}

// start runs the command until it is ready.
func (s *server) start(ctx context.Context) error {
	s.cmd = exec.Command(s.file, append([]string{"--addr", s.addr, "--data-dir", s.dir}, s.args...)...)
	for _, entry := range os.Environ() { // not with this machine's settings
		if name, _, _ := strings.Cut(entry, "_"); name != "CHATBOT" && name != "REVERB" && name != "PUSHER" && name != "BROADCAST" {
			s.cmd.Env = append(s.cmd.Env, entry)
		}
	}
	s.cmd.Dir, s.cmd.Stderr = s.dir, &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	listening, cmd, ended := make(chan struct{}), s.cmd, make(chan struct{})
	s.ended = ended
	go func() {
		defer close(ended)
		if lines := bufio.NewScanner(stdout); lines.Scan() { // it greets once it listens
			close(listening)
		}
		io.Copy(io.Discard, stdout)
		cmd.Wait() // how it ended is told by the log
	}()
	select {
	case <-listening:
		return s.ready(ctx)
	case <-ended:
		return fmt.Errorf("the server does not start: %s", &s.stderr)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready waits until the server says that it is.
func (s *server) ready(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := http.Get("http://" + s.addr + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return fmt.Errorf("the server has ended: %s", &s.stderr)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// kill ends the process at once, as kill -9 does.
func (s *server) kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("the server had ended by itself: %w: %s", err, &s.stderr)
	}
	<-s.ended
	return nil
}

func (s *server) close() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Kill() // an error means that it has ended
		<-s.ended
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - 8<<10; extra > 0 {
		t.text = bytes.Clone(t.text[extra:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
