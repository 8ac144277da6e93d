package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"chatbot/server/store"
)

// database is the file that holds the conversations.
func database(dataDir string) string { return filepath.Join(dataDir, "chatbot.db") }

// Backup copies the database of a server, which may be running, into a new file.
func Backup(ctx context.Context, dataDir, file string, out io.Writer) error {
	if err := store.Backup(ctx, database(dataDir), file); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Copied %d bytes to %s.\n", info.Size(), file)
	return err
}

// Restore makes the database in a data folder of a backup.
func Restore(ctx context.Context, dataDir, file string, out io.Writer) error {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return fmt.Errorf("the data directory %s cannot be made (%w); choose one with --data-dir", dataDir, err)
	}
	if err := store.Restore(ctx, file, database(dataDir)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Restored %s. Visitors' widgets load their conversations anew.\n", database(dataDir))
	return err
}
