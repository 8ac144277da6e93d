package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

const (
	// envFile is read where no other is named.
	envFile = ".env"
	// maxEnvFile is the size in bytes above which a file is no env file.
	maxEnvFile = 1 << 20
)

// Env is the environment together with what an env file adds to it. The zero
// Env is the environment alone. It holds secrets, and so prints as the name of
// its file.
type Env struct {
	// File is the env file that was read, or empty.
	File   string
	values map[string]string
}

// Get is a variable's value, empty if there is none. The environment comes
// first, also with an empty value, so that what a file sets can be unset.
func (e Env) Get(name string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return asLaravel(e.values[name])
}

// asLaravel reads the words to which Laravel's env() gives a meaning.
func asLaravel(value string) string {
	switch strings.ToLower(value) {
	case "null", "(null)", "empty", "(empty)":
		return ""
	case "(true)":
		return "true"
	case "(false)":
		return "false"
	}
	return value
}

// Format keeps the values out of whatever prints a configuration.
func (e Env) Format(out fmt.State, _ rune) { io.WriteString(out, e.File) }

// ReadEnv reads an env file as ParseEnv does. An empty name is .env in the
// working directory, which need not exist. The error is one line.
func ReadEnv(name string) (Env, error) {
	file := name
	if file == "" {
		file = envFile
	}
	info, err := os.Stat(file)
	switch {
	case name == "" && errors.Is(err, fs.ErrNotExist):
		return Env{}, nil
	case err != nil:
		return Env{}, settingErrorf("--env-file: %v", err)
	case !info.Mode().IsRegular() || info.Size() > maxEnvFile:
		return Env{}, settingErrorf("--env-file %q: this is no file of variables", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return Env{}, settingErrorf("--env-file: %v", err)
	}
	e, err := ParseEnv(string(text))
	if err != nil {
		return Env{}, settingErrorf("--env-file %q: %v", file, err)
	}
	e.File = file
	return e, nil
}

// ParseEnv reads the text of an env file as Laravel's reader (vlucas/phpdotenv
// 5) does: NAME=value with an optional export before it; a value without quotes
// holds no space and ends before a #; single quotes keep everything as it is;
// double quotes know \" \\ \$ \n \r \t \f \v and may span lines; ${NAME}, but
// not $NAME, is replaced by the environment's value or one given above, and is
// left alone if there is none. Of two values for a name the later counts. The
// error names the line and tells nothing of the value.
func ParseEnv(text string) (Env, error) {
	r := envReader{text: newlines.Replace(text), values: map[string]string{}}
	for r.text != "" {
		before := r.text
		if err := r.entry(); err != nil {
			return Env{}, fmt.Errorf("line %d: %w", r.line+1, err)
		}
		r.line += strings.Count(before, "\n") - strings.Count(r.text, "\n")
	}
	return Env{values: r.values}, nil
}

var (
	newlines = strings.NewReplacer("\ufeff", "", "\r\n", "\n", "\r", "\n")
	envName  = regexp.MustCompile(`^[a-zA-Z0-9_.]+$`)
	envUse   = regexp.MustCompile(`^\$\{([a-zA-Z0-9_.]+)\}`)
	envRest  = regexp.MustCompile(`^[ \t\f\v]*(#.*)?(\n|$)`) // what may follow a value
)

// envReader takes entries off the front of text.
type envReader struct {
	text   string
	line   int // those that are done
	values map[string]string
}

// entry reads one line, or more of them where a value spans them.
func (r *envReader) entry() error {
	line, rest, _ := strings.Cut(r.text, "\n")
	if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
		r.text = rest
		return nil
	}
	name, _, given := strings.Cut(line, "=")
	name = bareName(name)
	if !envName.MatchString(name) {
		return errors.New("write NAME=value, with a name of A-Z a-z 0-9 . and _")
	}
	if !given {
		delete(r.values, name)
		r.text = rest
		return nil
	}
	_, r.text, _ = strings.Cut(r.text, "=")
	value, err := r.value()
	if err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	r.values[name] = value
	return nil
}

// bareName is a name without export and quotes.
func bareName(name string) string {
	name = strings.TrimSpace(name)
	if after, ok := strings.CutPrefix(name, "export"); ok && strings.TrimLeft(after, " \t") != after {
		name = strings.TrimSpace(after)
	}
	if n := len(name); n > 2 && name[0] == name[n-1] && (name[0] == '"' || name[0] == '\'') {
		name = name[1 : n-1]
	}
	return name
}

// value reads a value and what may follow it on its line.
func (r *envReader) value() (value string, err error) {
	r.text = strings.TrimLeft(r.text, " \t\f\v")
	switch {
	case strings.HasPrefix(r.text, "'"):
		value, err = r.singleQuoted()
	case strings.HasPrefix(r.text, `"`):
		value, err = r.doubleQuoted()
	default:
		value = r.unquoted()
	}
	if err != nil {
		return "", err
	}
	after := envRest.FindString(r.text)
	if after == "" && r.text != "" {
		return "", errors.New(`has a space in its value: put quotes around it`)
	}
	r.text = r.text[len(after):]
	return value, nil
}

var errUnclosed = errors.New("lacks a closing quote")

func (r *envReader) singleQuoted() (string, error) {
	line, _, _ := strings.Cut(r.text[1:], "\n")
	value, _, closed := strings.Cut(line, "'")
	if !closed {
		return "", errUnclosed
	}
	r.text = r.text[len(value)+2:]
	return value, nil
}

func (r *envReader) unquoted() string {
	var value strings.Builder
	for r.text != "" && !strings.ContainsRune(" \t\f\v\n#", rune(r.text[0])) {
		value.WriteString(r.next())
	}
	return value.String()
}

// escapes are what may stand behind a backslash between double quotes.
var escapes = map[byte]string{'"': `"`, '\\': `\`, '$': `$`, 'n': "\n", 'r': "\r", 't': "\t", 'f': "\f", 'v': "\v"}

func (r *envReader) doubleQuoted() (string, error) {
	r.text = r.text[1:]
	var value strings.Builder
	for r.text != "" {
		switch r.text[0] {
		case '"':
			r.text = r.text[1:]
			return value.String(), nil
		case '\\':
			if len(r.text) < 2 {
				return "", errUnclosed
			}
			meant, ok := escapes[r.text[1]]
			if !ok {
				return "", errors.New(`has a backslash before something that needs none: write \\ for a backslash`)
			}
			value.WriteString(meant)
			r.text = r.text[2:]
		default:
			value.WriteString(r.next())
		}
	}
	return "", errUnclosed
}

// next takes one byte, or a ${NAME} and its value.
func (r *envReader) next() string {
	if use := envUse.FindStringSubmatch(r.text); use != nil {
		r.text = r.text[len(use[0]):]
		if value, ok := os.LookupEnv(use[1]); ok {
			return value
		}
		if value, ok := r.values[use[1]]; ok {
			return value
		}
		return use[0]
	}
	b := r.text[:1]
	r.text = r.text[1:]
	return b
}
