package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Backup copies the database at path into a new file, as it is at one instant,
// also while a server writes to it. The copy carries no epoch: whoever reads
// from what is restored must begin anew, for the server may have said more since.
func Backup(ctx context.Context, path, file string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no database to copy at %s (%w); name the server's --data-dir", path, reason(err))
	}
	return create(file, "backup", func(temporary string) error {
		source := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro&_pragma=busy_timeout(5000)"
		return with(source, func(db *sql.DB) error {
			// SQLite writes into a file that exists if it is empty: this one
			// can be read by its owner alone.
			_, err := db.ExecContext(ctx, "VACUUM INTO $1", temporary)
			return err
		})
	})
}

// Restore makes the database at path, which must not exist, of a backup. It gets
// an epoch of its own when it is opened.
func Restore(ctx context.Context, file, path string) error {
	for _, old := range []string{path, path + "-wal"} {
		if _, err := os.Lstat(old); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; stop the server and move its data away, or name another --data-dir", old)
		}
	}
	return create(path, "database", func(temporary string) error { return copyFile(file, temporary) })
}

// create has fill write a copy of a database, checks that it is whole, and gives
// it its name once it has reached the disk, if no other file has that.
func create(file, what string, fill func(temporary string) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("the %s %s cannot be made: %w", what, file, err)
		}
	}()
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is such a file already; choose another name")
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".chatbot-*") // mode 0600
	if err != nil {
		return reason(err)
	}
	defer func() {
		for _, end := range []string{"", "-journal", "-wal", "-shm"} {
			os.Remove(temporary.Name() + end) // mostly gone already
		}
	}()
	defer temporary.Close()
	if err := fill(temporary.Name()); err != nil {
		return err
	}
	if err := with(dsn(temporary.Name(), ""), forgetEpoch); err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	return moveInto(temporary.Name(), file)
}

// forgetEpoch checks a copy and takes its epoch away.
func forgetEpoch(db *sql.DB) error {
	if err := checkWhole(context.Background(), db); err != nil {
		return err
	}
	if _, err := db.Exec("DELETE FROM meta WHERE name = 'epoch'"); err != nil {
		return fmt.Errorf("it is no database of this program: %w", err)
	}
	return nil
}

// moveInto gives a file its name and has the folder know it after a loss of power.
// Another file of that name is not replaced, but on a file system without links.
func moveInto(temporary, file string) error {
	if err := os.Link(temporary, file); errors.Is(err, fs.ErrExist) {
		return errors.New("there is such a file already; choose another name")
	} else if err != nil { // not every file system has links
		if err := os.Rename(temporary, file); err != nil {
			return err
		}
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer folder.Close()
	folder.Sync() // not every system can
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// with lets do use a database and closes it.
func with(dsn string, do func(*sql.DB) error) (err error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	return do(db)
}
