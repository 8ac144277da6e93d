package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/andybalholm/brotli"

	"chatbot/assets/build/manifest"
)

// budgets.json names for every file the most bytes it may have, in the form
// that counts for it.
//
//go:embed budgets.json
var budgetsJSON []byte

// budget is a file's limit in bytes; 0 is none.
type budget struct {
	Raw    int `json:"raw,omitempty"`
	Gzip   int `json:"gzip,omitempty"`
	Brotli int `json:"brotli,omitempty"`
}

// printSizes prints what is in dist against the budgets.
func printSizes(out io.Writer, dist string) error {
	m, err := readManifest(dist)
	if err != nil {
		return err
	}
	if len(m) == 0 {
		return errors.New("nothing is built yet; run `make assets`")
	}
	var budgets map[string]budget
	if err := json.Unmarshal(budgetsJSON, &budgets); err != nil {
		return fmt.Errorf("budgets.json: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "file\traw\tgzip\tbrotli\tbudget\t")
	complaints := checkBudgets(table, bySource(m), budgets)
	if err := table.Flush(); err != nil {
		return err
	}
	if len(complaints) > 0 {
		return errors.New(strings.Join(complaints, "\nbuild: "))
	}
	return nil
}

// bySource lists the files by the names that budgets go by. Of the program there
// is one for each compiler.
func bySource(m manifest.Manifest) map[string]manifest.File {
	files := map[string]manifest.File{}
	for _, f := range m {
		name := f.Source
		if f.Compiler == tinyGoName {
			name += byTinyGo
		}
		files[name] = f
	}
	return files
}

// byTinyGo distinguishes the program's two lines in budgets.json, of which one
// is built at a time.
const byTinyGo = " (TinyGo)"

// checkBudgets writes a line for every file and gives what is wrong.
func checkBudgets(out io.Writer, files map[string]manifest.File, budgets map[string]budget) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, limit := files[name], budgets[name]
		var limits []string
		for _, form := range []struct {
			name        string
			size, limit int
		}{{"raw", f.Plain.Size, limit.Raw}, {"gzip", f.Gzip.Size, limit.Gzip}, {"brotli", f.Brotli.Size, limit.Brotli}} {
			if form.limit == 0 {
				continue
			}
			limits = append(limits, fmt.Sprintf("%s %d", form.name, form.limit))
			if form.size > form.limit {
				complain("%s has %d bytes %s, %d over its budget", name, form.size, form.name, form.size-form.limit)
			}
		}
		if len(limits) == 0 {
			complain("%s has no budget in budgets.json", name)
		}
		if f.Brotli.Quality < brotli.BestCompression {
			complain("%s was compressed quickly; run `make assets` before judging sizes", name)
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%s\t\n", name, f.Plain.Size, f.Gzip.Size, f.Brotli.Size, strings.Join(limits, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(budgets)) {
		if _, ok := files[name]; !ok && strings.TrimSuffix(name, byTinyGo) != wasmName {
			complain("budgets.json names %s, which is not built", name)
		}
	}
	return complaints
}
