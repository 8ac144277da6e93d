package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"chatbot/widget/wire"
)

const (
	// maxQueue is how many writes may wait; one more is refused as unavailable.
	maxQueue = 4096
	// maxBatch is how many writes share a commit.
	maxBatch = 512
	// patience is how long a write may wait for its turn. A disk that keeps it
	// waiting for longer is as good as none.
	patience = 10 * time.Second
)

// writer commits queued writes together. What each job did is kept or undone
// alone, and everybody learns the outcome only after the commit has reached the
// disk. A job may run twice, where the first time is undone.
type writer struct {
	statements *statements
	jobs       chan *job
	quit       chan struct{}
	ended      chan struct{}
	once       sync.Once
}

type job struct {
	ctx   context.Context
	do    func(*transaction) error
	err   error
	done  chan struct{}
	taken atomic.Bool // by the writer, or by the caller who has given up
}

func startWriter(db *sql.DB) *writer {
	w := &writer{statements: newStatements(db), jobs: make(chan *job, maxQueue), quit: make(chan struct{}), ended: make(chan struct{})}
	go w.run()
	return w
}

var (
	errClosed = &wire.Error{Code: wire.CodeUnavailable, Message: "The server is stopping. Please try again.", RetryAfter: retryAfter}
	errSlow   = &wire.Error{Code: wire.CodeUnavailable, Message: "The server's storage is too slow at the moment. Please try again.", RetryAfter: retryAfter}
	errQueue  = &wire.Error{Code: wire.CodeUnavailable, Message: "The server has too much to store at the moment. Please try again.", RetryAfter: retryAfter}
)

// write runs do in a transaction and returns when it is on the disk. A caller
// that gives up while its job is still queued leaves no trace; once a job has
// begun its outcome is waited for, so that nobody is told less than what
// happened.
func (w *writer) write(ctx context.Context, do func(*transaction) error) error {
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
	given := time.NewTimer(patience)
	defer given.Stop()
	err := error(errSlow)
	select {
	case <-j.done:
		return j.err
	case <-given.C:
	case <-ctx.Done():
		err = ctx.Err()
	case <-w.ended:
		err = errClosed // queued after the last batch
	}
	if j.take() {
		return err
	}
	<-j.done
	return j.err
}

// take decides between the writer, who begins the job, and the caller, who gives
// it up: the first one has it.
func (j *job) take() bool { return j.taken.CompareAndSwap(false, true) }

// stop finishes the writes under way.
func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	defer w.statements.close()
	for {
		select {
		case j := <-w.jobs:
			runtime.Gosched() // who is about to write shares the commit
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
	err := w.transact(slices.Clone(jobs))
	for _, j := range jobs {
		if err != nil {
			// Also a job's own refusal may rest on what is now undone.
			j.err = unavailable(fmt.Errorf("commit: %w", err))
		}
		close(j.done)
	}
}

// transact runs jobs in one transaction. As long as none of them fails, none
// needs a savepoint, which costs as much as half of what a job does. Where one
// fails everything is undone, and done again with them.
func (w *writer) transact(jobs []*job) error {
	jobs = begun(jobs)
	err := w.together(jobs, runPlainly)
	if errors.Is(err, errJob) {
		err = w.together(jobs, runInSavepoint)
	}
	return err
}

// begun are the jobs that nobody has given up.
func begun(jobs []*job) []*job {
	return slices.DeleteFunc(jobs, func(j *job) bool {
		if !j.take() {
			return true
		}
		j.err = j.ctx.Err()
		return j.err != nil
	})
}

func (w *writer) together(jobs []*job, run func(*transaction, *job) error) error {
	tx, err := w.statements.begin()
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := run(tx, j); err != nil {
			return errors.Join(err, rollback(tx))
		}
	}
	return tx.tx.Commit()
}

// errJob says that it was a job that failed, for whatever reason.
var errJob = errors.New("a job failed")

func runPlainly(tx *transaction, j *job) error {
	if err := j.do(tx); err != nil {
		return errJob
	}
	return nil
}

// runInSavepoint runs one job. The error it returns is the transaction's; the
// job's own stays with the job.
func runInSavepoint(tx *transaction, j *job) error {
	if _, err := tx.Exec("SAVEPOINT job"); err != nil {
		return err
	}
	if err := j.do(tx); err != nil {
		j.err = unavailable(err)
		if _, lost := tx.Exec("ROLLBACK TO job"); lost != nil {
			// SQLite undoes the whole transaction where, for example, the
			// disk is full. What made it do so is the better reason.
			if faultCode(err) != 0 {
				return err
			}
			return lost
		}
	}
	_, err := tx.Exec("RELEASE job")
	return err
}

// rollback undoes tx, which SQLite has done itself where the disk is full.
func rollback(tx *transaction) error {
	err := tx.tx.Rollback()
	if faultCode(err) == sqlite3.SQLITE_ERROR { // no transaction is active
		return nil
	}
	return err
}
