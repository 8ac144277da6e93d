package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"chatbot/assets/build/tinygo"
	"chatbot/assets/build/wasm"
)

// share is what a package, or another part, has in the program.
type share struct {
	name             string
	functions, bytes int
}

// printReports prints one for the compiler that is asked for, or for each that
// is there.
func printReports(out io.Writer, name, root string, overlay bool) error {
	names := []string{name}
	if name == auto {
		names = []string{standard, tinyGoName}
	}
	for _, n := range names {
		c, err := choose(n, out, root, overlay)
		if name == auto && errors.Is(err, tinygo.ErrMissing) {
			fmt.Fprintln(out, "note:", err)
			continue
		}
		if err == nil {
			err = printReport(out, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// printReport prints which packages the code comes from, the largest first.
func printReport(out io.Writer, c compiler) error {
	content, err := c.compile()
	if err != nil {
		return err
	}
	program, err := wasm.Read(content)
	if err != nil {
		return err
	}
	packages, err := linked()
	if err != nil {
		return err
	}
	shares := shares(program, packages)
	total := 0
	for _, s := range shares {
		total += s.bytes
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "code by %s\tfunctions\tbytes\tshare\t\n", c.name())
	for _, s := range shares {
		fmt.Fprintf(table, "%s\t%d\t%d\t%.1f %%\t\n", s.name, s.functions, s.bytes, 100*float64(s.bytes)/float64(total))
	}
	fmt.Fprintf(table, "all code\t%d\t%d\t\t\ndata\t\t%d\t\t\n", len(program.Functions), total, program.Data)
	return table.Flush()
}

// linked are the import paths of all packages that the widget may be made of.
func linked() ([]string, error) {
	command := exec.Command("go", "list", "-deps", "-f", "{{if eq .Name \"main\"}}main{{else}}{{.ImportPath}}{{end}}", "chatbot/widget")
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	list, err := command.Output()
	return strings.Fields(string(list)), err
}

// shares adds up the functions of each package.
func shares(program wasm.Program, packages []string) []share {
	owner := owners(packages)
	sums := map[string]share{}
	for _, f := range program.Functions {
		name := owner(f.Name)
		s := sums[name]
		sums[name] = share{name, s.functions + 1, s.bytes + f.Size}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b share) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.name, b.name))
	})
}

// unsafeName is what Go's linker replaces in a name.
var unsafeName = regexp.MustCompile(`[^\w.]+`)

// What is no package's own.
const (
	calls    = "(calls through interfaces)"
	equality = "(comparing values)"
	other    = "(C and assembly)"
)

// owners tells to which package a function belongs, or what else it is. The two
// compilers write names differently: a_b_c.__T_.M and (*a/b/c.T).M.
func owners(packages []string) func(function string) string {
	byPrefix := map[string]string{}
	for _, p := range packages {
		byPrefix[unsafeName.ReplaceAllString(p, "_")+"."] = p
	}
	return func(function string) string {
		if strings.HasPrefix(function, "interface:") {
			return calls
		}
		name := unsafeName.ReplaceAllString(strings.TrimLeft(function, "(*"), "_")
		if strings.HasPrefix(name, "type_.eq.") {
			return equality
		}
		best, longest := other, 0
		for prefix, p := range byPrefix {
			if len(prefix) > longest && strings.HasPrefix(name, prefix) {
				best, longest = p, len(prefix)
			}
		}
		return best
	}
}
