package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/server/config"
)

// The cases are those of vlucas/phpdotenv's own tests and of the files that
// Laravel's installers write.
func TestParseEnv(t *testing.T) {
	t.Setenv("OUTSIDE", "env")
	for _, c := range []struct{ text, want string }{
		{"A=bar", "bar"},
		{"A = bar ", "bar"},
		{"  A=bar", "bar"},
		{"A=", ""},
		{"A= # nothing", ""},
		{"A=#nothing", ""},
		{"A=bar # comment", "bar"},
		{"A=bar#comment", "bar"},
		{"A=a=b", "a=b"},
		{`A=it's`, `it's`},
		{`A=x"y"`, `x"y"`},
		{`A=\n\v`, `\n\v`},
		{`A=\q`, `\q`},
		{"# A=no\nA=yes", "yes"},
		{"#A=\"no\n\nA=yes", "yes"},
		{"A=one\r\nB=two\r\n", "one"},
		{"A=one\rB=two", "one"},
		{"\ufeffA=one", "one"},
		{"A=one\nA=two", "two"},
		{"A=one\nA", ""},
		{`A="bar baz"`, "bar baz"},
		{`A="bar # baz" # comment`, "bar # baz"},
		{`A="bar"#comment`, "bar"},
		{`A=""`, ""},
		{`A="\n\r\t\f\v\\\"\$"`, "\n\r\t\f\v\\\"$"},
		{`A="nine\nten"`, "nine\nten"},
		{"A=\"one\ntwo\"\nB=x", "one\ntwo"},
		{"A=\"one\n# two\n\"", "one\n# two\n"},
		{`A=' b "c" \n \ '`, ` b "c" \n \ `},
		{`A='$B ${B}'`, "$B ${B}"},
		{`A=''`, ""},
		{"export A=bar", "bar"},
		{"export\t\"A\"='bar baz'", "bar baz"},
		{`'A'=bar`, "bar"},
		{"B=one\nA=${B}/two", "one/two"},
		{"B=one\nA=\"${B} two\"", "one two"},
		{"B=one\nA=$B", "$B"},
		{"B=one\nA=p$B", "p$B"},
		{"B=one\nA=\"\\${B}\"", "${B}"},
		{"A=${OUTSIDE}", "env"},
		{"OUTSIDE=file\nA=${OUTSIDE}", "env"},
		{"A=${NOWHERE}", "${NOWHERE}"},
		{"B='${C}'\nC=no\nA=${B}", "${C}"},
		{"A=pa$$w0rd", "pa$$w0rd"},
		{"A=null", ""}, {"A=(null)", ""}, {"A=NULL", ""}, {"A=empty", ""}, {"A=(empty)", ""},
		{"A=(true)", "true"}, {"A=(false)", "false"}, {"A=true", "true"},
	} {
		env, err := config.ParseEnv(c.text)
		if got := env.Get("A"); err != nil || got != c.want {
			t.Errorf("%q: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func TestWrongEnv(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"A=bar canary", "line 1: A has a space"},
		{"\n\nA='canary", "line 3: A lacks a closing quote"},
		{"A='can\nary'", "line 1: A lacks"},
		{`A="canary`, "line 1: A lacks"},
		{`A="canary\`, "line 1: A lacks"},
		{"B=\"one\ntwo\"\nA=\"canary\\q\"", "line 3: A has a backslash"},
		{`A="canary" x`, "line 1: A has a space"},
		{"=canary", "line 1: write NAME=value"},
		{"A!=canary", "line 1: write NAME=value"},
		{"Ä=canary", "line 1: write NAME=value"},
		{`export "A="canary"`, "line 1: write NAME=value"},
		{"some canary", "line 1: write NAME=value"},
		{"A=${A canary}", "line 1: A has a space"},
	} {
		env, err := config.ParseEnv(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") || env.Get("A") != "" {
			t.Errorf("%q: %v; want %s", c.text, err, c.want)
		}
	}
}

func FuzzParseEnv(f *testing.F) {
	for _, seed := range []string{"A=b", `A="b\n${C}"`, "export A='b' # c", "A=\"b\nc\"", "A", "=", "A=\"\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := config.ParseEnv(text); err != nil && strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%q: more than one line: %q", text, err)
		}
	})
}

// The environment comes before the file, the command line before both; an empty
// variable of the environment unsets that of the file.
func TestEnvFile(t *testing.T) {
	quiet(t)
	for _, name := range []string{"REVERB_HOST", "REVERB_PORT", "REVERB_SCHEME", "CHATBOT_BOT_NAME", "PUSHER_HOST", "PUSHER_APP_SECRET"} {
		t.Setenv(name, "") // restored at the end
		os.Unsetenv(name)
	}
	t.Chdir(t.TempDir())
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	serve := func(args ...string) config.Serve {
		t.Helper()
		got, _, err := parse(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		return got.(config.Serve)
	}
	if s := serve(); s.ReverbHost != "" || s.Env.File != "" {
		t.Errorf("without a file: %+v", s)
	}
	write(".env", "REVERB_HOST=\"ws.example\"\nREVERB_PORT=8443\nREVERB_SCHEME=http\nPUSHER_HOST=null\nCHATBOT_BOT_NAME='Ada B'\nPUSHER_APP_SECRET=canary\n")
	s := serve()
	if s.ReverbHost != "ws.example" || s.ReverbPort != 8443 || s.ReverbScheme != "http" || s.PusherHost != "" || s.BotName != "Ada B" || s.Env.File != ".env" {
		t.Errorf("by .env: %+v", s)
	}
	if s.Env.Get("PUSHER_APP_SECRET") != "canary" {
		t.Error("the secret is not found")
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, s); strings.Contains(text, "canary") {
			t.Errorf("%s tells a secret: %s", format, text)
		}
	}
	t.Setenv("REVERB_HOST", "other.example")
	t.Setenv("REVERB_SCHEME", "")
	if s := serve("--reverb-port=1"); s.ReverbHost != "other.example" || s.ReverbScheme != "https" || s.ReverbPort != 1 {
		t.Errorf("the file comes before others: %+v", s)
	}
	other := filepath.Join(t.TempDir(), "other")
	write(other, "CHATBOT_BOT_NAME=Bo")
	t.Setenv("CHATBOT_ENV_FILE", other)
	if s := serve(); s.BotName != "Bo" || s.Env.File != other {
		t.Errorf("by CHATBOT_ENV_FILE: %+v", s)
	}
	for _, args := range [][]string{{"--env-file", ".env"}, {"serve", "--env-file=.env"}} {
		if s := serve(args...); s.BotName != "Ada B" {
			t.Errorf("by %q: %+v", args, s)
		}
	}
	if got, _, err := parse(t, "reply", "--env-file=.env", "c1", "x"); err != nil || got.(config.Reply).Env.Get("PUSHER_APP_SECRET") != "canary" {
		t.Errorf("reply: %v", err)
	}
	write(".env", "A=1\nREVERB_PORT=canary dog\n")
	_, _, err := parse(t, "--env-file=.env")
	if err == nil || err.Error() != `--env-file ".env": line 2: REVERB_PORT has a space in its value: put quotes around it` {
		t.Errorf("a broken file: %v", err)
	}
	if _, _, err := parse(t, "version"); err != nil {
		t.Errorf("the version needs no file: %v", err)
	}
	var out bytes.Buffer
	if _, err := config.Parse([]string{"--env-file=.env", "--help"}, &out, &out); err != config.ErrDone {
		t.Errorf("the help needs no file: %v", err)
	}
}
