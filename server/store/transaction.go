package store

import (
	"context"
	"database/sql"
)

// statements keeps the writer's statements prepared: to parse one costs as much
// as to run it. They are few, all constants of this package. The one connection
// can prepare between transactions only, so a statement that is new is noted and
// ready for the next one. It is used by the writer's goroutine alone.
type statements struct {
	db       *sql.DB
	prepared map[string]*sql.Stmt // nil is one to prepare
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, prepared: map[string]*sql.Stmt{}}
}

// begin prepares what is new, as far as that can be done, and begins a
// transaction.
func (s *statements) begin() (*transaction, error) {
	for query, statement := range s.prepared {
		if statement != nil {
			continue
		}
		statement, err := s.db.Prepare(query)
		if err != nil {
			delete(s.prepared, query) // it fails where it is run
			continue
		}
		s.prepared[query] = statement
	}
	tx, err := s.db.Begin()
	return &transaction{tx: tx, all: s, used: map[string]*sql.Stmt{}}, err
}

func (s *statements) close() {
	for _, statement := range s.prepared {
		if statement != nil {
			statement.Close() // read or written to its end: nothing to learn from the error
		}
	}
}

// transaction is one of the writer's.
type transaction struct {
	tx   *sql.Tx
	all  *statements
	used map[string]*sql.Stmt // as this transaction has them
}

// Exec runs a statement without rows.
func (t *transaction) Exec(query string, args ...any) (sql.Result, error) {
	if statement := t.statement(query); statement != nil {
		return statement.Exec(args...)
	}
	return t.tx.Exec(query, args...)
}

// QueryRow runs a statement with at most one row.
func (t *transaction) QueryRow(query string, args ...any) *sql.Row {
	if statement := t.statement(query); statement != nil {
		return statement.QueryRow(args...)
	}
	return t.tx.QueryRow(query, args...)
}

// QueryRowContext is QueryRow: what has begun is not broken off.
func (t *transaction) QueryRowContext(_ context.Context, query string, args ...any) *sql.Row {
	return t.QueryRow(query, args...)
}

// QueryContext runs a statement with any number of rows; they must be closed
// before the next statement. What has begun is not broken off.
func (t *transaction) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	if statement := t.statement(query); statement != nil {
		return statement.Query(args...)
	}
	return t.tx.Query(query, args...)
}

// statement is the prepared form, or nil if there is none yet.
func (t *transaction) statement(query string) *sql.Stmt {
	if statement := t.used[query]; statement != nil {
		return statement
	}
	prepared := t.all.prepared[query]
	if prepared == nil {
		t.all.prepared[query] = nil
		return nil
	}
	statement := t.tx.Stmt(prepared)
	t.used[query] = statement
	return statement
}
