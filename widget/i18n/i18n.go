// Package i18n holds what the widget says, in every language it speaks. A
// catalogue is a value that nobody changes; all of the package may be used from
// any goroutine.
package i18n

import (
	"strconv"
	"strings"
	"time"

	"chatbot/widget/wire"
)

// Words is everything the widget says in one language. Placeholders: {n} is a
// number, {name} a participant's name.
type Words struct {
	// Frame is what is needed before the program runs.
	Frame Frame

	You          string
	Guest        string // another visitor without a name
	Connecting   string
	Reconnecting string
	Offline      string
	Sending      string
	Sent         string
	Delivered    string
	Read         string
	ReadBy       string // {name}
	Today        string
	Yesterday    string
	Online       string // {name}
	Away         string // {name}
	Writing      string // {name} is writing
	NotSent      string
	Stop         string // ends an answer that is being written
	Stopped      string // stands below one that was
	BrokenOff    string // and below one whose writer is no more
	Retry        string
	Delete       string
	Deleted      string
	Edited       string
	More         string // what opens the menu of a message
	React        string
	AnyEmoji     string
	Reply        string
	ReplyingTo   string // {name}
	Edit         string
	Editing      string
	Cancel       string
	Source       string
	Older        string
	NewMessage   string // one new message, on the pill
	NewMessages  string // {n} new messages
	New          string // above the first message that was not read
	Latest       string // the pill's words when nothing is new
	Ended        string
	StartOver    string
	Invite       string
	InviteHint   string // what the link is good for
	InviteLink   string
	Save         string // the conversation, as a file
	Copy         string
	Copied       string
	Done         string
	Invited      string // somebody came by an invitation
	InvitedLeave string // and has a conversation already
	Name         string
	Join         string
	NotNow       string
	Dismiss      string
	Unsaved      string

	// RateLimited is shown with a number of seconds, RateLimitedSoon without.
	RateLimited     string // {n}
	RateLimitedSoon string
	Again           string // {n} seconds until it may be done again
	TooLate         string // to change a message
	TooLong         string // {n} is the limit
	Unreachable     string
	Failed          string // anything else

	clock, date string   // layouts of package time
	months      []string // a slice, so that no code is made to compare catalogues
}

// Frame is what the frame document says by itself. The boot script reads it in
// every language from the painted document.
type Frame struct {
	Title        string `json:"title"`
	Greeting     string `json:"greeting"`
	Message      string `json:"message"`
	Placeholder  string `json:"placeholder"`
	Send         string `json:"send"`
	Emoji        string `json:"emoji"` // what opens the picker
	Close        string `json:"close"`
	Conversation string `json:"conversation"`
	Loading      string `json:"loading"`
	Privacy      string `json:"privacy"`
	Left         string `json:"left"` // {n} characters
	Over         string `json:"over"` // {n} characters
	Alone        string `json:"alone"`
}

// catalogues are all languages by their primary subtag.
var catalogues = map[string]*Words{"en": &english, "de": &german}

// For gives the words for a language tag such as "de-AT": those of its primary
// language, or English.
func For(tag string) *Words {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if w, ok := catalogues[primary]; ok {
		return w
	}
	return &english
}

// Frames are the frame's words by language.
func Frames() map[string]Frame {
	frames := make(map[string]Frame, len(catalogues))
	for tag, w := range catalogues {
		frames[tag] = w.Frame
	}
	return frames
}

// With puts a value in place of a placeholder.
func With(text, placeholder, value string) string {
	return strings.Replace(text, "{"+placeholder+"}", value, 1)
}

// Count says how many messages are new.
func (w *Words) Count(n int) string {
	switch {
	case n <= 0:
		return w.Latest
	case n == 1:
		return w.NewMessage
	}
	return With(w.NewMessages, "n", strconv.Itoa(n))
}

// Problem says what went wrong. Limit is the number of characters that a
// message may have, wait the seconds until another try helps, 0 where unknown.
// One second is a moment, which saves the words a form of their own.
func (w *Words) Problem(code wire.Code, limit, wait int) string {
	switch code {
	case wire.CodeRateLimited, wire.CodeTooManyWaiting:
		if wait > 1 {
			return With(w.RateLimited, "n", strconv.Itoa(wait))
		}
		return w.RateLimitedSoon
	case wire.CodeMessageTooLong:
		return With(w.TooLong, "n", strconv.Itoa(limit))
	case wire.CodeUnauthorized, wire.CodeTokenExpired, wire.CodeTokenRevoked, wire.CodeForbidden, wire.CodeNotFound:
		return w.Ended
	case wire.CodeUnavailable:
		return w.Unreachable
	}
	return w.Failed
}

// Clock is the time of day in the given zone. Offset is the zone's distance from
// UTC in minutes, east positive.
func (w *Words) Clock(at wire.Time, offset int) string {
	return local(at, offset).Format(w.clock)
}

// Day names the day of a time in the given zone as somebody would say it now.
func (w *Words) Day(at, now wire.Time, offset int) string {
	day, today := local(at, offset), local(now, offset)
	switch days := int(today.Truncate(24*time.Hour).Sub(day.Truncate(24*time.Hour)) / (24 * time.Hour)); days {
	case 0:
		return w.Today
	case 1:
		return w.Yesterday
	}
	text := strings.Replace(day.Format(w.date), "MONTH", w.months[day.Month()-1], 1)
	if day.Year() != today.Year() {
		text += day.Format(" 2006")
	}
	return text
}

// SameDay reports whether two times lie on one day in the given zone.
func SameDay(a, b wire.Time, offset int) bool { return dayOf(a, offset) == dayOf(b, offset) }

// dayOf counts the days from 1970 on.
func dayOf(t wire.Time, offset int) wire.Time {
	const minute, day = 60_000, 24 * 60 * 60_000
	t += wire.Time(offset) * minute
	if t < 0 {
		t -= day - 1 // rounds down, as it does above 0
	}
	return t / day
}

func local(t wire.Time, offset int) time.Time {
	return t.Time().Add(time.Duration(offset) * time.Minute)
}
