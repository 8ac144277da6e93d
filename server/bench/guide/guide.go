// Package guide is what the benchmarks that keep their figures in the guides
// have in common.
package guide

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Keep puts a report between the marks in the guide name.md of the folder docs,
// and its plot beside it as name.svg. It is an error if the guide is not there or
// has no marks; nothing is written then.
func Keep(docs, name, report string, plot []byte) error {
	const begin, end = "<!-- measured -->\n", "<!-- end -->\n"
	file := filepath.Join(docs, name+".md")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s lacks the marks between which the report goes", file)
	}
	return errors.Join(
		os.WriteFile(file, []byte(head+begin+report+end+tail), 0o644),
		os.WriteFile(filepath.Join(docs, name+".svg"), plot, 0o644),
	)
}
