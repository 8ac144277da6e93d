package chat

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

func TestIsEmoji(t *testing.T) {
	for _, s := range []string{"👍", "❤", "❤️", "👍🏽", "🇩🇪", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#️⃣", "🤷🏽‍♀️", "👩🏻‍❤️‍💋‍👩🏿", "©️", "🫠", "🧑‍💻"} {
		if !isEmoji(s) {
			t.Errorf("%q is none", s)
		}
	}
	for _, s := range []string{
		"", "a", "1", "#", "👍👍", "👍a", "a👍", " 👍", "👍 ", "e\u0301", "中", "ก็", "🇩", "🇩🇪🇫🇷",
		"👍\u0301", "👍" + strings.Repeat("\u0301", 20), "👍\u200d", "\u200d", "\ufe0f", "🏽", "\u0600👍", "👍\ufe0e",
		"\xff", "👍\xff", "\x00", "<", "%F0", "1\u20e3\u0301", "👍\u202e", strings.Repeat("👩‍", 40) + "👩", "👍\u20e3",
	} {
		if isEmoji(s) {
			t.Errorf("%q is one", s)
		}
	}
}

// What is taken for an emoji is one cluster of valid text, and short.
func FuzzIsEmoji(f *testing.F) {
	for _, s := range []string{"👍", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "\u0600👍", "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if isEmoji(s) && (!utf8.ValidString(s) || uniseg.GraphemeClusterCount(s) != 1 || len(s) > maxEmojiBytes || strings.ContainsAny(s, "<>&\"'\u202e")) {
			t.Errorf("%q is taken for an emoji", s)
		}
	})
}
