// Package fmt takes the place of the standard one. It knows the verbs that the
// widget and its libraries use: v s q d x t c T p w and %%. Lost are flags,
// widths and precisions, which are passed over, scanning, and what values look
// like that are neither texts, numbers, errors nor Stringers: they are shown as
// their type in parentheses. A method that panics is not caught.
package fmt

import (
	"io"
	"os"
	"reflect"
	"strconv"
)

// Stringer is a value that says what it looks like.
type Stringer interface{ String() string }

// Append and those that follow put their arguments one behind the other, with
// spaces between two that are no strings, or with ln between all.
func Append(b []byte, a ...any) []byte {
	for i, arg := range a {
		if i > 0 && !text(arg) && !text(a[i-1]) {
			b = append(b, ' ')
		}
		b = value(b, 'v', arg)
	}
	return b
}

func text(arg any) bool { return arg != nil && reflect.TypeOf(arg).Kind() == reflect.String }

// Appendln is Append with spaces between all, and a new line.
func Appendln(b []byte, a ...any) []byte {
	for i, arg := range a {
		if i > 0 {
			b = append(b, ' ')
		}
		b = value(b, 'v', arg)
	}
	return append(b, '\n')
}

// Appendf replaces the verbs of format by the arguments.
func Appendf(b []byte, format string, a ...any) []byte {
	n := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b = append(b, format[i])
			continue
		}
		i++
		for i+1 < len(format) && flag(format[i]) {
			i++
		}
		switch verb := format[i]; {
		case verb == '%':
			b = append(b, '%')
		case n == len(a):
			b = append(append(append(b, "%!"...), verb), "(MISSING)"...)
		default:
			b = value(b, verb, a[n])
			n++
		}
	}
	return b
}

func flag(c byte) bool {
	return c == '+' || c == '-' || c == '#' || c == '.' || c == ' ' || '0' <= c && c <= '9'
}

// value shows one argument.
func value(b []byte, verb byte, arg any) []byte {
	if arg == nil {
		return append(b, "<nil>"...)
	}
	v := reflect.ValueOf(arg)
	switch verb {
	case 'T':
		return append(b, v.Type().String()...)
	case 'p':
		return strconv.AppendUint(append(b, "0x"...), uint64(v.Pointer()), 16)
	case 'd', 'x', 'c': // of a number, whatever it is called
	default:
		switch s := arg.(type) {
		case error:
			return quoted(b, verb, s.Error())
		case Stringer:
			return quoted(b, verb, s.String())
		}
	}
	base := 10
	if verb == 'x' {
		base = 16
	}
	switch v.Kind() {
	case reflect.String:
		return quoted(b, verb, v.String())
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if verb == 'c' {
			return append(b, string(rune(v.Int()))...)
		}
		if verb == 'q' {
			return strconv.AppendQuoteRune(b, rune(v.Int()))
		}
		return strconv.AppendInt(b, v.Int(), base)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if verb == 'c' {
			return append(b, string(rune(v.Uint()))...)
		}
		if verb == 'q' {
			return strconv.AppendQuoteRune(b, rune(v.Uint()))
		}
		return strconv.AppendUint(b, v.Uint(), base)
	case reflect.Float32, reflect.Float64:
		return strconv.AppendFloat(b, v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Slice:
		if bytes, ok := arg.([]byte); ok && verb != 'v' && verb != 'd' {
			return quoted(b, verb, string(bytes))
		}
	}
	return append(append(append(b, '('), v.Type().String()...), ')')
}

func quoted(b []byte, verb byte, s string) []byte {
	switch verb {
	case 'q':
		return strconv.AppendQuote(b, s)
	case 'x':
		const digits = "0123456789abcdef"
		for i := range len(s) {
			b = append(b, digits[s[i]>>4], digits[s[i]&15])
		}
		return b
	}
	return append(b, s...)
}

// Sprint is Append as a string.
func Sprint(a ...any) string { return string(Append(nil, a...)) }

// Sprintln is Appendln as a string.
func Sprintln(a ...any) string { return string(Appendln(nil, a...)) }

// Sprintf is Appendf as a string.
func Sprintf(format string, a ...any) string { return string(Appendf(nil, format, a...)) }

// Fprint writes what Append gives.
func Fprint(w io.Writer, a ...any) (int, error) { return w.Write(Append(nil, a...)) }

// Fprintln writes what Appendln gives.
func Fprintln(w io.Writer, a ...any) (int, error) { return w.Write(Appendln(nil, a...)) }

// Fprintf writes what Appendf gives.
func Fprintf(w io.Writer, format string, a ...any) (int, error) {
	return w.Write(Appendf(nil, format, a...))
}

// Print writes to the console.
func Print(a ...any) (int, error) { return Fprint(os.Stdout, a...) }

// Println writes to the console.
func Println(a ...any) (int, error) { return Fprintln(os.Stdout, a...) }

// Printf writes to the console.
func Printf(format string, a ...any) (int, error) { return Fprintf(os.Stdout, format, a...) }

// Errorf is an error with a text. It wraps the arguments of the verb w.
func Errorf(format string, a ...any) error {
	e := &wrapped{text: Sprintf(format, a...)}
	n := 0
	for i := 0; i+1 < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		for i+1 < len(format) && flag(format[i]) {
			i++
		}
		if format[i] == '%' {
			continue
		}
		if err, ok := argument(a, n).(error); ok && format[i] == 'w' {
			e.errs = append(e.errs, err)
		}
		n++
	}
	return e
}

func argument(a []any, n int) any {
	if n < len(a) {
		return a[n]
	}
	return nil
}

// wrapped is an error with those that led to it.
type wrapped struct {
	text string
	errs []error
}

func (w *wrapped) Error() string { return w.text }

// Unwrap is for errors.Is and errors.As.
func (w *wrapped) Unwrap() []error { return w.errs }
