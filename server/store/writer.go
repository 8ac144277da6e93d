package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"chatbot/widget/wire"
)

const (
	// maxQueue is how many writes may wait; one more is refused as unavailable.
	maxQueue = 4096
	// maxBatch is how many writes share a commit.
	maxBatch = 512
)

// writer commits queued writes together. Each job runs in a savepoint of the
// shared transaction: what it did is kept or undone alone, and everybody learns
// the outcome only after the commit has reached the disk.
type writer struct {
	db    *sql.DB
	jobs  chan *job
	quit  chan struct{}
	ended chan struct{}
	once  sync.Once
}

type job struct {
	ctx  context.Context
	do   func(*sql.Tx) error
	err  error
	done chan struct{}
}

func startWriter(db *sql.DB) *writer {
	w := &writer{db: db, jobs: make(chan *job, maxQueue), quit: make(chan struct{}), ended: make(chan struct{})}
	go w.run()
	return w
}

var (
	errClosed = &wire.Error{Code: wire.CodeUnavailable, Message: "The server is stopping. Please try again.", RetryAfter: 2}
	errQueue  = &wire.Error{Code: wire.CodeUnavailable, Message: "The server has too much to store at the moment. Please try again.", RetryAfter: 2}
)

// write runs do in a transaction and returns when it is on the disk. A caller
// that gives up while its job is still queued leaves no trace; once a job has
// begun its outcome is waited for, so that nobody is told less than what
// happened.
func (w *writer) write(ctx context.Context, do func(*sql.Tx) error) error {
	j := &job{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case <-w.quit:
		return errClosed
	default:
	}
	select {
	case w.jobs <- j:
	default:
		return errQueue
	}
	select {
	case <-j.done:
		return j.err
	case <-w.ended:
	}
	select {
	case <-j.done:
		return j.err
	default:
		return errClosed // queued after the last batch
	}
}

// stop finishes the writes under way.
func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case j := <-w.jobs:
			w.commit(w.batch(j))
		case <-w.quit:
			for len(w.jobs) > 0 {
				w.commit(w.batch(<-w.jobs))
			}
			return
		}
	}
}

// batch is the first job and all that is queued behind it.
func (w *writer) batch(first *job) []*job {
	jobs := []*job{first}
	for len(jobs) < maxBatch {
		select {
		case j := <-w.jobs:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

// commit runs jobs in one transaction and tells each its outcome.
func (w *writer) commit(jobs []*job) {
	err := w.transact(jobs)
	for _, j := range jobs {
		if j.err == nil && err != nil {
			j.err = unavailable(fmt.Errorf("commit: %w", err))
		}
		close(j.done)
	}
}

func (w *writer) transact(jobs []*job) error {
	tx, err := w.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	for _, j := range jobs {
		if j.err = j.ctx.Err(); j.err != nil {
			continue
		}
		if err := inSavepoint(tx, j); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// inSavepoint runs one job. The error is the transaction's; the job's own is in
// the job.
func inSavepoint(tx *sql.Tx, j *job) error {
	if _, err := tx.Exec("SAVEPOINT job"); err != nil {
		return err
	}
	if j.err = j.do(tx); j.err != nil {
		j.err = unavailable(j.err)
		if _, err := tx.Exec("ROLLBACK TO job"); err != nil {
			return errors.Join(err, j.err)
		}
	}
	_, err := tx.Exec("RELEASE job")
	return err
}
