package store

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatbot/widget/wire"
)

// openTest opens a new database until the test ends.
func openTest(t *testing.T) *SQLite {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "chatbot.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// put stores a name that no other write may use.
func put(name string) func(*transaction) error {
	return func(tx *transaction) error {
		_, err := tx.Exec("INSERT INTO meta (name, value) VALUES ($1, '')", name)
		return err
	}
}

func has(t *testing.T, s *SQLite, name string) bool {
	t.Helper()
	var n int
	if err := s.read.QueryRow("SELECT count(*) FROM meta WHERE name = $1", name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n == 1
}

// hold keeps the writer busy until release is called.
func hold(t *testing.T, w *writer) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		err := w.write(context.Background(), func(*transaction) error {
			close(begun)
			<-end
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	return func() { close(end); wait.Wait() }
}

// queued waits until n jobs are in the queue.
func queued(w *writer, n int) {
	for len(w.jobs) < n {
		runtime.Gosched()
	}
}

func TestWritesShareACommit(t *testing.T) {
	s := openTest(t)
	release := hold(t, s.writer)
	shared := map[string]*transaction{} // the last one of each
	errOwn := errors.New("its own reason")
	var wait sync.WaitGroup
	for _, name := range []string{"a", "b", "bad", "c"} {
		wait.Go(func() {
			err := s.writer.write(t.Context(), func(tx *transaction) error {
				shared[name] = tx
				if err := put(name)(tx); err != nil || name != "bad" {
					return err
				}
				return errOwn
			})
			if (name == "bad") != errors.Is(err, errOwn) || name != "bad" && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if has(t, s, name) != (name != "bad") {
				t.Errorf("%s is stored: %v", name, name == "bad")
			}
		})
	}
	queued(s.writer, 4)
	release()
	wait.Wait()
	for name, tx := range shared {
		if tx != shared["a"] {
			t.Errorf("%s was not stored together with a", name)
		}
	}
}

// When the shared transaction fails, nobody in it may be told an outcome: also
// a refusal may rest on what another one wrote.
func TestFailedTransactionRefusesAll(t *testing.T) {
	s := openTest(t)
	release := hold(t, s.writer)
	errOwn := errors.New("the name is taken")
	var wait sync.WaitGroup
	for i, do := range []func(*transaction) error{
		put("a"),
		func(*transaction) error { return errOwn },
		func(tx *transaction) error { _, err := tx.Exec("ROLLBACK"); return err }, // as SQLite does on a full disk
		put("b"),
	} {
		wait.Go(func() {
			if err := s.writer.write(t.Context(), do); err == nil || errors.Is(err, errOwn) {
				t.Errorf("write %d was told %v", i, err)
			}
		})
		queued(s.writer, i+1)
	}
	release()
	wait.Wait()
	if has(t, s, "a") || has(t, s, "b") {
		t.Error("something was stored")
	}
	if err := s.writer.write(t.Context(), put("c")); err != nil || !has(t, s, "c") {
		t.Errorf("the next write: %v", err)
	}
}

func TestWriteGivenUpWhileQueued(t *testing.T) {
	s := openTest(t)
	release := hold(t, s.writer)
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := s.writer.write(ctx, put("given up")); !errors.Is(err, context.Canceled) {
			t.Errorf("a write given up: %v", err)
		}
	})
	queued(s.writer, 1)
	cancel()
	release()
	wait.Wait()
	if has(t, s, "given up") {
		t.Error("a write given up was done")
	}
}

// A write that waits too long for its turn is refused and never done, however
// long the one before it takes.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		release := hold(t, s.writer)
		began := time.Now()
		unavailableFor(t, s.writer.write(t.Context(), put("late")))
		if took := time.Since(began); took != patience {
			t.Errorf("refused after %s, want %s", took, patience)
		}
		release()
		if err := s.writer.write(t.Context(), put("next")); err != nil {
			t.Errorf("the next write: %v", err)
		}
		if has(t, s, "late") {
			t.Error("a refused write was done")
		}
	})
}

// A write that has begun is told its true outcome, whoever still waits for it.
func TestWriteGivenUpTooLate(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.writer.write(ctx, func(tx *transaction) error {
		cancel()
		return put("done")(tx)
	})
	if err != nil || !has(t, s, "done") {
		t.Errorf("stored: %v, told: %v", has(t, s, "done"), err)
	}
}

func TestQueueAndBatchAreBounded(t *testing.T) {
	s := openTest(t)
	release := hold(t, s.writer)
	batches := map[*transaction]int{}
	var wait sync.WaitGroup
	for range maxQueue {
		wait.Go(func() {
			if err := s.writer.write(context.Background(), func(tx *transaction) error { batches[tx]++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	queued(s.writer, maxQueue)
	unavailableFor(t, s.writer.write(t.Context(), put("too much")))
	release()
	wait.Wait()
	for _, n := range batches {
		if n > maxBatch {
			t.Errorf("%d writes shared a commit, want at most %d", n, maxBatch)
		}
	}
	if len(batches) != maxQueue/maxBatch {
		t.Errorf("%d writes took %d commits, want %d", maxQueue, len(batches), maxQueue/maxBatch)
	}
}

func TestCloseFinishesWhatIsQueued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chatbot.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, s.writer)
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := s.writer.write(context.Background(), put("queued")); err != nil {
			t.Error(err)
		}
	})
	queued(s.writer, 1)
	wait.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	<-s.writer.quit
	unavailableFor(t, s.writer.write(t.Context(), put("late")))
	release()
	wait.Wait()
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !has(t, s, "queued") || has(t, s, "late") {
		t.Errorf("stored: queued %v, late %v", has(t, s, "queued"), has(t, s, "late"))
	}
}

func unavailableFor(t *testing.T, err error) {
	t.Helper()
	var refusal *wire.Error
	if !errors.As(err, &refusal) || refusal.Code != wire.CodeUnavailable || refusal.RetryAfter <= 0 {
		t.Errorf("got %v, want %s with a time to wait", err, wire.CodeUnavailable)
	}
}
