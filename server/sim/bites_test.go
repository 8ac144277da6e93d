package sim

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var bites = flag.Bool("sim.bites", false, "break the product in a copy, one patch of testdata at a time, and see which seed finds it")

// root is the module's folder.
const root = "../.."

// The simulation finds the faults that it is there to find: each patch takes
// away one of the things that the guarantee rests on.
func TestBites(t *testing.T) {
	patches, err := filepath.Glob("testdata/*.patch")
	if err != nil || len(patches) < 3 {
		t.Fatal(patches, err)
	}
	for _, patch := range patches {
		t.Run(strings.TrimSuffix(filepath.Base(patch), ".patch"), func(t *testing.T) {
			patch, err := filepath.Abs(patch)
			if err != nil {
				t.Fatal(err)
			}
			if !*bites {
				command(t, root, "git", "apply", "--check", patch) // that it still fits
				return
			}
			dir := copyModule(t)
			command(t, dir, "git", "apply", patch)
			cmd := exec.Command("go", "test", "-timeout", "20m", "-run", "TestSimulation", "./server/sim")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			found := regexp.MustCompile(`seed \d+ breaks the promise`).FindString(string(out))
			if err == nil || found == "" {
				t.Fatalf("no seed finds it (%v):\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// copyModule copies what the simulation is built from.
func copyModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"widget", "server", "assets"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
