package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/assets/build/standins"
)

// lost names, for each package that has a stand-in, something of the real one
// that a widget could come to use. It must not compile.
var lost = map[string]string{
	"fmt":              "Sscanf",
	"net/http":         "Post",
	"net":              "Dial",
	"net/netip":        "MustParseAddr",
	"regexp":           "Compile",
	"crypto/aes":       "BlockSize",
	"crypto/cipher":    "NewCTR",
	"crypto/md5":       "Sum",
	"crypto/sha1":      "BlockSize",
	"crypto/rand":      "Text",
	"internal/godebug": "", // no program may import it
}

func TestLostDoesNotCompile(t *testing.T) {
	dir := t.TempDir()
	overlay, err := writeOverlay(dir)
	if err != nil {
		t.Fatal(err)
	}
	var program strings.Builder
	program.WriteString("package main\n")
	for name := range lost {
		if lost[name] != "" {
			fmt.Fprintf(&program, "import %q\n", name)
		}
	}
	program.WriteString("func main() {\n")
	for name, what := range lost {
		if what != "" {
			fmt.Fprintf(&program, "_ = %s.%s\n", path.Base(name), what)
		}
	}
	program.WriteString("}\n")
	file := filepath.Join(dir, "lost.go")
	if err := os.WriteFile(file, []byte(program.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-gcflags=-e", "-overlay", overlay, "-o", os.DevNull, file)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	said, err := build.CombinedOutput()
	if err == nil {
		t.Fatal("it compiles")
	}
	for name, what := range lost {
		if want := fmt.Sprintf("undefined: %s.%s", path.Base(name), what); what != "" && !strings.Contains(string(said), want) {
			t.Errorf("the compiler does not say %q but\n%s", want, said)
		}
	}
}

// Each stand-in has its line above.
func TestLostIsComplete(t *testing.T) {
	for _, f := range standins.Files() {
		if _, ok := lost[f.Package]; !ok && !f.Part {
			t.Errorf("%s: nothing says what is lost with it", f.Package)
		}
	}
}
