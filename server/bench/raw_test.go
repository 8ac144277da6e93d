package bench

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"chatbot/server/store"
)

// rawMessages is how many messages a second this machine makes durable by SQLite
// alone: as many writers as for the API hand them to one goroutine that commits
// what is waiting together. The tables are those of the store, with all their
// columns and indexes, and a message is what it is at the least: the next seq and
// rev of its conversation, and its row. spent is the processor time of all.
func rawMessages(b *testing.B, writers int) (rate float64, spent time.Duration) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "raw.db")
	made, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	if err := made.Close(); err != nil {
		b.Fatal(err)
	}
	db := openRaw(b, path)
	for i := range writers {
		if _, err := db.Exec("INSERT INTO conversation (id, site, created_at, updated_at, last_seq, rev) VALUES ($1, '', 0, 0, 0, 0)", conversationOf(i)); err != nil {
			b.Fatal(err)
		}
	}
	count := prepare(b, db, "UPDATE conversation SET last_seq = last_seq + 1, rev = rev + 1, updated_at = $2 WHERE id = $1 RETURNING last_seq, rev")
	insert := prepare(b, db, `INSERT INTO message (id, conversation_id, seq, rev, author_id, author_role, author_name, client_id, body, source, created_at)
		VALUES ($1, $2, $3, $4, $5, 'visitor', '', $6, $7, '', $8)`)
	return commitTogether(b, db, writers, func(tx *sql.Tx, batch []row) error {
		count, insert := tx.Stmt(count), tx.Stmt(insert)
		for _, r := range batch {
			var seq, rev int64
			if err := count.QueryRow(conversationOf(r.writer), r.time()).Scan(&seq, &rev); err != nil {
				return err
			}
			if _, err := insert.Exec(r.id(), conversationOf(r.writer), seq, rev, conversationOf(r.writer), fmt.Sprintf("m%08d", r.k), text, r.time()); err != nil {
				return err
			}
		}
		return nil
	})
}

// rawRows is the same for a bare row with one index beside its key.
func rawRows(b *testing.B, writers int) (rate float64, spent time.Duration) {
	b.Helper()
	db := openRaw(b, filepath.Join(b.TempDir(), "rows.db"))
	_, err := db.Exec(`CREATE TABLE message (id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, created_at BIGINT NOT NULL);
		CREATE UNIQUE INDEX message_seq ON message (conversation_id, seq)`)
	if err != nil {
		b.Fatal(err)
	}
	insert := prepare(b, db, "INSERT INTO message (id, conversation_id, seq, body, created_at) VALUES ($1, $2, $3, $4, $5)")
	return commitTogether(b, db, writers, func(tx *sql.Tx, batch []row) error {
		insert := tx.Stmt(insert)
		for _, r := range batch {
			if _, err := insert.Exec(r.id(), conversationOf(r.writer), r.k, text, r.time()); err != nil {
				return err
			}
		}
		return nil
	})
}

// openRaw opens a database as the store's writer does.
func openRaw(b *testing.B, path string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(2)&_pragma=cache_size(-32000)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

func prepare(b *testing.B, db *sql.DB, query string) *sql.Stmt {
	b.Helper()
	statement, err := db.Prepare(query)
	if err != nil {
		b.Fatal(err)
	}
	return statement
}

type row struct {
	writer, k int
	stored    chan struct{}
}

func (r row) id() string {
	return fmt.Sprintf("0198c0de-0000-7000-8000-%06d%06d", r.writer, r.k)
}

func (r row) time() int { return 1767366245678 + r.k }

func conversationOf(writer int) string {
	return fmt.Sprintf("0198c0de-0000-7000-8000-%012d", writer)
}

// commitTogether has writers hand over b.N rows, and is how many a second were
// stored and what that took of the processors. What waits is stored in one
// transaction, again and again.
func commitTogether(b *testing.B, db *sql.DB, writers int, store func(*sql.Tx, []row) error) (rate float64, spent time.Duration) {
	b.Helper()
	before := processorTime(b)
	rows := make(chan row, writers)
	ended := make(chan error, 1)
	go func() {
		for first := range rows {
			if err := commit(db, waiting(first, rows), store); err != nil {
				ended <- err
				for r := range rows { // let the writers come to their end
					close(r.stored)
				}
				return
			}
		}
		ended <- nil
	}()
	_, elapsed := write(b, writers, func(i, k int) {
		r := row{writer: i, k: k, stored: make(chan struct{})}
		rows <- r
		<-r.stored
	})
	close(rows)
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return float64(b.N) / elapsed.Seconds(), processorTime(b) - before
}

// waiting is first and what is queued behind it.
func waiting(first row, rows <-chan row) []row {
	batch := []row{first}
	for len(batch) < 512 {
		select {
		case r, open := <-rows:
			if !open {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit stores a batch and tells its writers, whatever came of it.
func commit(db *sql.DB, batch []row, store func(*sql.Tx, []row) error) error {
	defer func() {
		for _, r := range batch {
			close(r.stored)
		}
	}()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := store(tx, batch); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}
