//go:build !js

package realtime

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"chatbot/widget/wire"
)

// The transcripts are what four real servers of the protocol sent: Laravel
// Reverb, soketi, ipe and pusher-clone, as they were recorded.

// line is one of a transcript.
type line struct {
	Scenario string
	Conn     string
	Dir      string
	Text     *string
	Code     int
	Reason   string
}

// recording is a connection that says what was recorded, and ends as it did.
type recording struct {
	lines  []line
	mu     sync.Mutex
	next   int
	closed chan struct{}
	once   sync.Once
}

func (r *recording) Read() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.next < len(r.lines) {
		l := r.lines[r.next]
		r.next++
		switch {
		case l.Dir == "close" && l.Code >= 4000:
			return nil, CloseError{l.Code, l.Reason}
		case l.Dir == "close":
			return nil, errors.New("dropped")
		case l.Text != nil:
			return []byte(*l.Text), nil
		}
	}
	<-r.closed
	return nil, errors.New("closed")
}

func (r *recording) Write(context.Context, []byte) error { return nil }
func (r *recording) Close()                              { r.once.Do(func() { close(r.closed) }) }

func recordings(t *testing.T, file string) map[string]*recording {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := map[string]*recording{}
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Conn == "" {
			continue
		}
		name := l.Scenario + " " + l.Conn
		if found[name] == nil {
			found[name] = &recording{}
		}
		found[name].lines = append(found[name].lines, l)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// said are the frames of a recording after the greeting, read without the code
// under test.
func (r *recording) said() (greeted bool, refused int, events []string) {
	for _, l := range r.lines {
		if l.Text == nil {
			continue
		}
		var f struct {
			Event, Channel string
			Data           any
		}
		if json.Unmarshal([]byte(*l.Text), &f) != nil {
			continue
		}
		data := f.Data
		if text, ok := data.(string); ok && json.Valid([]byte(text)) {
			json.Unmarshal([]byte(text), &data)
		}
		fields, _ := data.(map[string]any)
		switch {
		case f.Event == "pusher:connection_established":
			greeted = true
		case f.Event == "pusher:error" && !greeted:
			code, _ := fields["code"].(float64)
			return false, int(code), nil
		case greeted && f.Event != "" && !strings.HasPrefix(f.Event, "pusher") && !strings.HasPrefix(f.Event, "client-"):
			events = append(events, fmt.Sprint(f.Event, f.Channel, data))
		}
	}
	return greeted, refused, events
}

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		events := 0
		for name, r := range recordings(t, file) {
			_, _, said := r.said()
			events += len(said)
			t.Run(filepath.Base(file)+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { replay(t, r) })
			})
		}
		if events < 10 {
			t.Errorf("%s: %d events are too few to tell anything", file, events)
		}
	}
}

func replay(t *testing.T, r *recording) {
	r.closed = make(chan struct{})
	defer r.Close()
	greeted, refused, want := r.said()
	var got []string
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), TryLimit)
	defer cancel()
	s, err := open(ctx, func(context.Context, string) (Conn, error) { return r, nil }, endpoint{provider: wire.ProviderReverb}, func(_ *socket, f frame) {
		var data any
		if json.Unmarshal(f.payload(), &data) != nil {
			json.Unmarshal(f.Data, &data) // text that is no JSON
		}
		got = append(got, fmt.Sprint(f.Event, f.Channel, data))
	}, func(s *socket) { ended <- s.err })
	if !greeted {
		var refusal protocolError
		if err == nil {
			s.close(errClosed)
			t.Fatal("opened without a greeting")
		}
		if refused != 0 && (!errors.As(err, &refusal) || refusal.Code != refused) {
			t.Errorf("refused with %v, the server said %d", err, refused)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // everything recorded has been read
	s.close(errClosed)
	<-ended
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("handed out\n%q\nthe server sent\n%q", got, want)
	}
}
