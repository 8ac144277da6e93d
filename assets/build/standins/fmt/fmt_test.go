package fmt_test

import (
	"errors"
	real "fmt"
	"io"
	"testing"
	"time"

	"chatbot/assets/build/standins/fmt"
)

type (
	name string
	kind int
)

func (k kind) String() string { return "kind " + string(rune('0'+k)) }

// For what it knows the stand-in says what the real package says.
func TestAsTheRealOne(t *testing.T) {
	for _, c := range []struct {
		format string
		args   []any
	}{
		{"plain", nil},
		{"100 %%", nil},
		{"%d of %d, %s", []any{1, uint8(2), "three"}},
		{"%v %v %v %v %v", []any{"a", 1.5, true, nil, errors.New("broken")}},
		{"%q %q", []any{"a\n\"b\"", name("c")}},
		{"%s %v %d", []any{kind(3), kind(3), kind(3)}},
		{"%x %x", []any{255, "az"}},
		{"%T %T", []any{name("a"), &struct{ X int }{}}},
		{"%c%c", []any{'ü', byte('a')}},
		{"%v", []any{time.Second}},
		{"%t", []any{false}},
		{"%s", []any{[]byte("bytes")}},
		{"%q", []any{'x'}},
		{"failed: %w", []any{io.EOF}},
	} {
		want := real.Errorf(c.format, c.args...).Error()
		if got := fmt.Errorf(c.format, c.args...).Error(); got != want {
			t.Errorf("%q: %q, the real package says %q", c.format, got, want)
		}
		if got := fmt.Sprint(c.args...); got != real.Sprint(c.args...) && c.format != "%T %T" && c.format != "%s" {
			t.Errorf("%v: %q, the real package says %q", c.args, got, real.Sprint(c.args...))
		}
		if got := fmt.Sprintln(c.args...); c.format == "plain" && got != real.Sprintln(c.args...) {
			t.Errorf("%v: %q", c.args, got)
		}
	}
	p := new(int)
	if got, want := fmt.Sprintf("%p", p), real.Sprintf("%p", p); got != want {
		t.Errorf("a pointer is %s, want %s", got, want)
	}
}

func TestWraps(t *testing.T) {
	err := fmt.Errorf("%s: %w and %w", "both", io.EOF, io.ErrClosedPipe)
	if !errors.Is(err, io.EOF) || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v does not wrap both", err)
	}
	if errors.Is(fmt.Errorf("%v", io.EOF), io.EOF) {
		t.Error("v wraps")
	}
}

// What is lost, and how it looks.
func TestLost(t *testing.T) {
	for got, want := range map[string]string{
		fmt.Sprintf("%05.1f", 2.25):          "2.25",
		fmt.Sprint(struct{ A int }{1}):       "(struct { A int })",
		fmt.Sprint([]int{1, 2}):              "([]int)",
		fmt.Sprintf("%d"):                    "%!d(MISSING)",
		fmt.Sprintf("%+v", map[string]int{}): "(map[string]int)",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
