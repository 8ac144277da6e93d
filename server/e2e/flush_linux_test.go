package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/widget/wire"
)

// Nobody is told of a message before the disk has confirmed it: in the system
// calls of the real server, the database's log is written, then flushed, and only
// then the text leaves through a socket, in the sender's answer or in that of one
// who waits for news.
func TestFlushedBeforeTold(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is needed to see the server's system calls: apt-get install strace")
	}
	addr, trace := freeAddr(t), filepath.Join(t.TempDir(), "trace")
	server := command(t, "--addr", addr, "--data-dir", t.TempDir())
	// -D keeps the server our child: to kill it ends both.
	server.Args = append([]string{strace, "-D", "-f", "-y", "-s", "8192", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", trace}, server.Args...)
	server.Path = strace
	p := launch(t, addr, server)
	session := p.begin()
	const messages = 5
	for i := range messages {
		polled := make(chan error, 1)
		go func() {
			_, err := p.call("GET", messagesPath(session)+"?wait=5&since="+session.Cursor.String(), session.Token, nil, nil)
			polled <- err
		}()
		status, err := p.call("POST", messagesPath(session), session.Token, wire.SendRequest{ClientID: fmt.Sprint("k", i), Body: text(i)}, nil)
		if err = errors.Join(err, <-polled); err != nil || status != http.StatusCreated {
			t.Fatal(status, err)
		}
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Wait()
	content, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	for i := range messages {
		if err := flushedFirst(strings.Split(string(content), "\n"), text(i)); err != nil {
			t.Error(err)
		}
	}
}

// text is one that is found again in the trace.
func text(i int) string { return fmt.Sprintf("message-%d-of-the-flush-test", i) }

// flushedFirst reports whether a whole flush lies between a text's being written
// to the database's log and its leaving through any socket.
func flushedFirst(trace []string, text string) error {
	written, flushed, told := false, false, 0
	under := map[string]bool{} // flushes that have begun after the text was written, by thread
	for _, line := range trace {
		thread, call, _ := strings.Cut(line, " ")
		call = strings.TrimSpace(call)
		log := strings.Contains(call, "chatbot.db-wal>")
		done := strings.HasSuffix(call, "= 0")
		switch {
		case strings.HasPrefix(call, "pwrite64(") && log && strings.Contains(call, text):
			written = true
		case (strings.HasPrefix(call, "fdatasync(") || strings.HasPrefix(call, "fsync(")) && log:
			under[thread] = written && !done
			flushed = flushed || written && done
		case strings.HasPrefix(call, "<... f") && strings.Contains(call, "sync resumed>"):
			flushed = flushed || under[thread] && done
			under[thread] = false
		case strings.HasPrefix(call, "write(") && strings.Contains(call, text):
			if told++; !flushed {
				return fmt.Errorf("%q was told before it was flushed: %.300s", text, call)
			}
		}
	}
	if !written || told == 0 {
		return fmt.Errorf("%q is not in the trace as expected: written to the log %t, told %d times", text, written, told)
	}
	return nil
}
