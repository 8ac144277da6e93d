package i18n

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"chatbot/widget/wire"
)

var placeholders = regexp.MustCompile(`\{\w+\}`)

// Every language says everything, with the same placeholders as English.
func TestCataloguesAreComplete(t *testing.T) {
	want := flatten(reflect.ValueOf(english), "")
	for tag, words := range catalogues {
		got := flatten(reflect.ValueOf(*words), "")
		for name, text := range got {
			if text == "" {
				t.Errorf("%s: %s is empty", tag, name)
			}
			if a, b := placeholders.FindAllString(text, -1), placeholders.FindAllString(want[name], -1); !slices.Equal(a, b) {
				t.Errorf("%s: %s has %v, English has %v", tag, name, a, b)
			}
		}
	}
}

func flatten(v reflect.Value, prefix string) map[string]string {
	all := map[string]string{}
	for i := range v.NumField() {
		name := prefix + v.Type().Field(i).Name
		if v.Field(i).Kind() == reflect.Struct {
			for k, text := range flatten(v.Field(i), name+".") {
				all[k] = text
			}
			continue
		}
		all[name] = v.Field(i).String()
	}
	return all
}

func TestFor(t *testing.T) {
	for tag, want := range map[string]*Words{"": &english, "en": &english, "en-GB": &english, "de": &german, "DE-at": &german, "deu": &english, "xx": &english} {
		if For(tag) != want {
			t.Errorf("For(%q) is another language", tag)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "Latest messages", 1: "1 new message", 12: "12 new messages"} {
		if got := english.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestProblem(t *testing.T) {
	for _, c := range []struct {
		code wire.Code
		wait int
		want string
	}{
		{wire.CodeRateLimited, 12, "That was a lot at once. Your message is sent in 12 seconds."},
		{wire.CodeRateLimited, 1, english.RateLimitedSoon},
		{wire.CodeRateLimited, 0, english.RateLimitedSoon},
		{wire.CodeMessageTooLong, 0, "This message is too long: at most 4000 characters fit in one."},
		{wire.CodeTokenExpired, 0, english.Ended},
		{wire.CodeUnavailable, 0, english.Unreachable},
		{"something_new", 0, english.Failed},
	} {
		if got := english.Problem(c.code, 4000, c.wait); got != c.want {
			t.Errorf("Problem(%s) = %q, want %q", c.code, got, c.want)
		}
	}
}

// A number stands where one of it takes no other form of the word.
func TestOneCharacter(t *testing.T) {
	for got, want := range map[string]string{
		With(english.Frame.Left, "n", "1"): "Characters left: 1", With(english.Frame.Over, "n", "1"): "Characters too many: 1",
		With(german.Frame.Left, "n", "1"): "noch 1 Zeichen", With(german.Frame.Over, "n", "1"): "1 Zeichen zu viel",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestClockAndDay(t *testing.T) {
	now := wire.TimeOf(time.Date(2026, 3, 14, 23, 30, 0, 0, time.UTC))
	for _, c := range []struct {
		words      *Words
		ago        time.Duration
		offset     int
		clock, day string
	}{
		{&english, 0, 0, "11:30 PM", "Today"},
		{&english, 0, 60, "12:30 AM", "Today"},
		{&english, time.Hour, 60, "11:30 PM", "Yesterday"}, // in that zone
		{&english, 48 * time.Hour, 0, "11:30 PM", "March 12"},
		{&english, 365 * 24 * time.Hour, 0, "11:30 PM", "March 14 2025"},
		{&german, 2 * time.Hour, 0, "21:30", "Heute"},
		{&german, 24 * time.Hour, -90, "22:00", "Gestern"},
		{&german, 72 * time.Hour, 0, "23:30", "11. März"},
	} {
		at := now - wire.Time(c.ago.Milliseconds())
		clock, day := c.words.Clock(at, c.offset), c.words.Day(at, now, c.offset)
		if clock != c.clock || day != c.day {
			t.Errorf("%v ago at %+d min: %q %q, want %q %q", c.ago, c.offset, clock, day, c.clock, c.day)
		}
	}
}
