package bench

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// rawMessages is how many rows a second this machine makes durable by SQLite
// alone: as many writers as for the API hand their rows, of a message's shape
// and with its indexes, to one goroutine that commits what is waiting together.
func rawMessages(b *testing.B, writers int) float64 {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "raw.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE message (id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, created_at BIGINT NOT NULL);
		CREATE UNIQUE INDEX message_seq ON message (conversation_id, seq)`)
	if err != nil {
		b.Fatal(err)
	}
	rows := make(chan row, writers)
	ended := make(chan error, 1)
	go func() { ended <- commitRows(db, rows) }()
	_, elapsed := write(b, writers, func(i, k int) {
		r := row{writer: i, k: k, stored: make(chan struct{})}
		rows <- r
		<-r.stored
	})
	close(rows)
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return float64(b.N) / elapsed.Seconds()
}

type row struct {
	writer, k int
	stored    chan struct{}
}

// commitRows commits all that is queued in one transaction, again and again.
func commitRows(db *sql.DB, rows <-chan row) error {
	insert, err := db.Prepare("INSERT INTO message (id, conversation_id, seq, body, created_at) VALUES ($1, $2, $3, $4, $5)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for first := range rows {
		batch := []row{first}
		for more := true; more && len(batch) < 512; {
			select {
			case r, open := <-rows:
				if more = open; open {
					batch = append(batch, r)
				}
			default:
				more = false
			}
		}
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		do := tx.Stmt(insert)
		for _, r := range batch {
			if _, err := do.Exec(fmt.Sprintf("0198c0de-0000-7000-8000-%06d%06d", r.writer, r.k), fmt.Sprintf("0198c0de-0000-7000-8000-%012d", r.writer), r.k, text, 1767366245678+r.k); err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		for _, r := range batch {
			close(r.stored)
		}
	}
	return nil
}
