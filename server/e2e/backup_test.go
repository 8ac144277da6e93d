package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"chatbot/assets"
	"chatbot/widget/wire"
)

// snippet is the code that follows <!-- snippet: name --> in a guide.
func snippet(t *testing.T, guide, name string) string {
	t.Helper()
	content, err := fs.ReadFile(assets.Docs(), guide)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), "<!-- snippet: "+name+" -->\n```")
	_, rest, opened := strings.Cut(rest, "\n")
	code, _, closed := strings.Cut(rest, "\n```\n")
	if !found || !opened || !closed {
		t.Fatalf("%s has no snippet %s", guide, name)
	}
	return code + "\n"
}

// install puts bin/chatbot into a folder, as make build does.
func install(t *testing.T, folder string) {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(folder, "bin", "chatbot")); err != nil {
		t.Fatal(err)
	}
}

// The guide's backup while visitors write, and the guide's restore: all that was
// accepted before the backup is there, nothing twice, and cursors begin anew.
func TestBackupGuide(t *testing.T) {
	folder := t.TempDir()
	install(t, folder)
	follow := func(name string) {
		t.Helper()
		cmd := exec.Command("bash", "-euc", snippet(t, "backup.md", name))
		cmd.Dir, cmd.Env = folder, command(t).Env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	addr, data := freeAddr(t), filepath.Join(folder, "data")
	p := startProcess(t, addr, data, "--rate-messages", "1000000")
	const visitors = 4
	sessions := make([]wire.Session, visitors)
	accepted := make([]atomic.Int64, visitors)
	for i := range sessions {
		sessions[i] = p.begin()
	}
	var writing sync.WaitGroup
	stop, warm := make(chan struct{}), make(chan struct{}, visitors)
	for i, s := range sessions {
		writing.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				default:
				}
				send := wire.SendRequest{ClientID: fmt.Sprint("k-", k), Body: fmt.Sprint("Hello ", k)}
				status, err := p.call("POST", messagesPath(s), s.Token, send, nil)
				if err != nil || status != http.StatusCreated {
					t.Errorf("send: %d %v", status, err)
					return
				}
				if accepted[i].Add(1) == 20 {
					warm <- struct{}{}
				}
			}
		})
	}
	for range visitors {
		<-warm
	}
	before := make([]int64, visitors)
	for i := range accepted {
		before[i] = accepted[i].Load()
	}
	follow("backup")
	close(stop)
	writing.Wait()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	follow("restore")
	p = startProcess(t, addr, data)
	for i, s := range sessions {
		own := map[string]int{}
		var epoch string
		for after := int64(0); ; {
			var page wire.Page
			status, err := p.call("GET", messagesPath(s)+fmt.Sprintf("?limit=100&after=%d", after), s.Token, nil, &page)
			if err != nil || status != http.StatusOK {
				t.Fatal(status, err)
			}
			for _, m := range page.Messages {
				if after++; m.Seq != after {
					t.Errorf("message %d has seq %d", after, m.Seq)
				}
				if m.Author.ID == s.Participant.ID {
					own[m.ClientID]++
				}
			}
			if epoch = page.Epoch; !page.HasMore {
				break
			}
		}
		for k := range before[i] {
			if n := own[fmt.Sprint("k-", k)]; n != 1 {
				t.Errorf("visitor %d: message %d is there %d times", i, k, n)
			}
		}
		if epoch == s.Cursor.Epoch {
			t.Error("the restored server goes on with the old epoch")
		}
	}
}
