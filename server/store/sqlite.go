// Package store keeps conversations in SQLite. One goroutine writes and commits
// what is queued together, so that a flush to the disk is shared by all who
// wait for one; any number of goroutines read beside it.
//
// Statements are plain SQL that other engines understand too: ids are text,
// times are Unix milliseconds, JSON is text.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

//go:embed migrations/*.sql
var migrations embed.FS

// readers is how many reads go on at once.
const readers = 8

// SQLite is a store in one file. It implements chat.Store.
type SQLite struct {
	read   *sql.DB
	write  *sql.DB
	writer *writer
	epoch  string
}

var _ chat.Store = (*SQLite)(nil)

// Open opens the database at path, or makes it, checks that it is whole and
// brings it to the current form. Its errors say what to do.
func Open(ctx context.Context, path string) (_ *SQLite, err error) {
	if err := writable(path); err != nil {
		return nil, err
	}
	s := &SQLite{}
	defer func() {
		if err != nil {
			s.closeFiles()
		}
	}()
	if s.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate")); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("the database %s cannot be used: %w; restore a backup or name another folder with --data-dir", path, err)
	}
	if s.read, err = sql.Open("sqlite", dsn(path, "_pragma=query_only(1)")); err != nil {
		return nil, err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	s.writer = startWriter(s.write)
	return s, nil
}

// dsn names the file and how its connections behave. busy_timeout comes first:
// the pragmas after it may themselves have to wait.
func dsn(path string, more string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&" + more
}

// writable finds out early and in plain words what SQLite would only call
// "unable to open database file".
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the database %s cannot be written; give this user the right to, or name another folder with --data-dir", path)
	}
	if err != nil {
		return fmt.Errorf("the database %s cannot be opened: %w; name a writable folder with --data-dir", path, err)
	}
	return f.Close()
}

// prepare checks the file, migrates it and reads its epoch.
func (s *SQLite) prepare(ctx context.Context) error {
	var verdict string
	if err := s.write.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("it is damaged (%s)", verdict)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.write, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	epoch := strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	if _, err := s.write.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING", epoch); err != nil {
		return err
	}
	return s.write.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'epoch'").Scan(&s.epoch)
}

// Epoch names the history in this file.
func (s *SQLite) Epoch() string { return s.epoch }

// Ping reports whether the database can be read.
func (s *SQLite) Ping(ctx context.Context) error { return s.read.PingContext(ctx) }

// Close finishes what is being written and closes the file.
func (s *SQLite) Close() error {
	s.writer.stop()
	return s.closeFiles()
}

func (s *SQLite) closeFiles() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// unavailable turns what passes by itself, or by making room on the disk, into
// a refusal that asks for another try.
func unavailable(err error) error {
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return err
	}
	switch fault.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM:
		return &wire.Error{Code: wire.CodeUnavailable, Message: "The server cannot store anything at the moment. Please try again.", RetryAfter: 2, Cause: err}
	}
	return err
}
