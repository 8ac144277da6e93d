// Package pushertest runs what tests of the endpoint are written in: the
// official clients need Node.js, the snippets of the guide PHP as well.
package pushertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a script may take.
const patience = time.Minute

// Installed skips the test where there is no npm. Where there is one, what the
// folder's package.json names must be installed.
func Installed(t testing.TB, folder string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".installed.json")); err == nil {
		return
	}
	Needs(t, "npm")
	t.Fatalf("%s is not installed: run .ci/clients", folder)
}

// Needs skips the test where there is no such command.
func Needs(t testing.TB, command string) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		t.Skipf("%v; make test installs it, or says how", err)
	}
}

// Command is a program that ends with the test, or when patience does. Its
// complaints are shown.
func Command(t testing.TB, folder, program string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stderr = folder, complaints{t}
	return cmd
}

// complaints is the test's log as a writer.
type complaints struct{ testing.TB }

func (c complaints) Write(p []byte) (int, error) {
	c.Logf("%s", p)
	return len(p), nil
}
