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
	"path/filepath"
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

const (
	// readers is how many reads go on at once.
	readers = 8
	// retryAfter is how many seconds a caller should wait who was refused
	// because nothing can be stored now.
	retryAfter = 2
)

// SQLite is a store in one file. It implements chat.Store. Close it to give
// the file back.
type SQLite struct {
	read   *sql.DB
	write  *sql.DB
	writer *writer
	epoch  string
}

var _ chat.Store = (*SQLite)(nil)

// Open opens the database at path, or makes it, checks that it is whole and
// brings it to the current form. The folder must exist. Its errors are one
// line that says what to do.
func Open(ctx context.Context, path string) (_ *SQLite, err error) {
	if err := checkWritable(path); err != nil {
		return nil, fmt.Errorf("the database %s cannot be written: %w; allow this user to write there, or name another folder with --data-dir", path, err)
	}
	s := &SQLite{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeFiles())
		}
	}()
	if s.write, err = sql.Open("sqlite", dsn(path, writing)); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("the database %s cannot be used: %w; %s", path, err, remedy(err))
	}
	if s.read, err = sql.Open("sqlite", dsn(path, "_pragma=query_only(1)")); err != nil {
		return nil, err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	s.writer = startWriter(s.write)
	return s, nil
}

// writing is how the writer's connection behaves beside that: a large batch
// changes more pages than SQLite would hold in memory (32 MB at most), what it may
// have to undo stays there, and a log of up to 16 MB is brought into the database
// at once.
const writing = "_pragma=cache_size(-32000)&_pragma=temp_store(2)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate"

// dsn names the file and how its connections behave. busy_timeout comes first:
// the pragmas after it may themselves have to wait.
func dsn(path, more string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&" + more
}

// checkWritable finds out early and in plain words what SQLite would only call
// "unable to open database file". SQLite needs the folder too, for the files
// that it keeps beside the database.
func checkWritable(path string) error {
	probe, err := os.CreateTemp(filepath.Dir(path), ".chatbot-*")
	if err != nil {
		return reason(err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return reason(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return reason(err)
	}
	return f.Close()
}

// reason is err without the name of the file.
func reason(err error) error {
	var fault *fs.PathError
	if errors.As(err, &fault) {
		return fault.Err
	}
	return err
}

// prepare checks the file, migrates it and reads its epoch.
func (s *SQLite) prepare(ctx context.Context) error {
	if err := checkWhole(ctx, s.write); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	epoch := strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	if _, err := s.write.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING", epoch); err != nil {
		return err
	}
	if err := s.write.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'epoch'").Scan(&s.epoch); err != nil {
		return err
	}
	if !wire.ValidID(s.epoch) || strings.Contains(s.epoch, "-") {
		return fmt.Errorf("%w (its epoch is %.20q)", errDamaged, s.epoch)
	}
	return nil
}

// checkWhole reports damage to the file.
func checkWhole(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w (%s)", errDamaged, strings.Join(strings.Fields(verdict), " "))
	}
	return nil
}

func (s *SQLite) migrate(ctx context.Context) error {
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
	current, known, err := provider.GetVersions(ctx)
	if err == nil && current > known {
		return fmt.Errorf("%w (form %d, this program knows %d)", errNewer, current, known)
	}
	return err
}

var (
	errDamaged = errors.New("it is damaged")
	errNewer   = errors.New("a newer version of this program has written it")
)

// remedy says what to do about an error of prepare.
func remedy(err error) string {
	const other = "restore a backup, or name another folder with --data-dir"
	if errors.Is(err, errNewer) {
		return "start that version, or name another folder with --data-dir"
	}
	switch faultCode(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "end the other program that is using it"
	case sqlite3.SQLITE_FULL:
		return "make room on the disk"
	}
	return other
}

// Epoch names the history in this file.
func (s *SQLite) Epoch() string { return s.epoch }

// Ping reports whether the database can be read.
func (s *SQLite) Ping(ctx context.Context) error {
	var n int
	return unavailable(s.read.QueryRowContext(ctx, "SELECT count(*) FROM meta").Scan(&n))
}

// Close finishes the writes under way, refuses those that come later and gives
// the file back. It may be called again.
func (s *SQLite) Close() error {
	s.writer.stop()
	return s.closeFiles()
}

// closeFiles closes the writer's connection last, which brings all that was
// written into the one file.
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
	switch faultCode(err) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
		return &wire.Error{Code: wire.CodeUnavailable, Message: "The server cannot reach its storage at the moment. Please try again.", RetryAfter: retryAfter, Cause: err}
	}
	return err
}

// faultCode is SQLite's primary result code, or 0 for an error of another kind.
func faultCode(err error) int {
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return 0
	}
	return fault.Code() & 0xff
}

// scanner is a row of an answer.
type scanner interface{ Scan(...any) error }

// querier is the database, or a transaction of the writer.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect reads every row of a query.
func collect[T any](ctx context.Context, db querier, scan func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, unavailable(err)
		}
		all = append(all, v)
	}
	return all, unavailable(rows.Err())
}
