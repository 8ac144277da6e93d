// Command emoji writes assets/src/emoji.txt: the emoji that the chat's picker
// offers, in the order of choice.txt, with their shortcodes and their names in
// every language the widget speaks. The choice is made by hand; names and
// shortcodes, which are those of GitHub, come from emojibase-data (MIT licence):
//
//	npm install emojibase-data@17.0.0
//	go run ./assets/build/emoji node_modules/emojibase-data
//
// A line is an emoji and its shortcodes, separated by blanks, then its names,
// each after a bar. A line that begins with "# " names a group.
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed choice.txt
var choice string

// languages are those of the names, in the order in which a line has them.
var languages = []string{"en", "de"}

// wanted is where the list goes, seen from the module's root.
const wanted = "assets/src/emoji.txt"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "emoji:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("give the folder of emojibase-data, and nothing else")
	}
	known, err := read(args[0])
	if err != nil {
		return err
	}
	text, err := list(known)
	if err != nil {
		return err
	}
	return os.WriteFile(wanted, []byte(text), 0o644)
}

// list is the choice with what is known of each emoji.
func list(known map[string]emoji) (string, error) {
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(choice))
	for lines.Scan() {
		if heading, ok := strings.CutPrefix(lines.Text(), "# "); ok {
			fmt.Fprintf(&out, "# %s\n", strings.ReplaceAll(heading, " | ", "|"))
			continue
		}
		for text := range strings.FieldsSeq(lines.Text()) {
			e := known[bare(text)]
			if len(e.codes) == 0 || len(e.names) != len(languages) {
				return "", fmt.Errorf("%s: the data have %d shortcodes and %d names", text, len(e.codes), len(e.names))
			}
			fmt.Fprintf(&out, "%s %s|%s\n", text, strings.Join(e.codes, " "), strings.Join(e.names, "|"))
		}
	}
	return out.String(), lines.Err()
}

// emoji is what the data have of one.
type emoji struct{ codes, names []string }

// read gathers the data by emoji, without the selector that only says how one is
// to be shown.
func read(folder string) (map[string]emoji, error) {
	known := map[string]emoji{}
	var codes map[string]codes
	if err := decode(&codes, folder, "en", "shortcodes", "github.json"); err != nil {
		return nil, err
	}
	for _, language := range languages {
		var all []struct{ Emoji, Label, Hexcode string }
		if err := decode(&all, folder, language, "data.json"); err != nil {
			return nil, err
		}
		for _, one := range all {
			key := bare(one.Emoji)
			e := known[key]
			e.codes = codes[one.Hexcode]
			e.names = append(e.names, one.Label)
			known[key] = e
		}
	}
	return known, nil
}

func bare(text string) string { return strings.ReplaceAll(text, "\ufe0f", "") }

// codes are one shortcode or a list of them.
type codes []string

// UnmarshalJSON takes either.
func (c *codes) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(c))
	}
	*c = codes{""}
	return json.Unmarshal(b, &(*c)[0])
}

func decode(into any, path ...string) error {
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}
