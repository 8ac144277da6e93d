package chat

import (
	"strings"

	"github.com/rivo/uniseg"
)

// maxEmojiBytes is above the longest emoji there is, a family with skin tones.
const maxEmojiBytes = 64

const (
	joiner       = '\u200d'
	emojiStyle   = '\ufe0f'
	keycap       = '\u20e3'
	tagFirst     = '\U000e0020'
	tagLast      = '\U000e007f'
	toneFirst    = '\U0001f3fb'
	toneLast     = '\U0001f3ff'
	regionFirst  = '\U0001f1e6'
	regionLast   = '\U0001f1ff'
	aPictograph  = "\U0001f600"
	keycapDigits = "0123456789#*"
)

// isEmoji reports whether s is exactly one emoji: a pictograph with its tone,
// tags and joined pictographs, a flag, or a keycap.
func isEmoji(s string) bool {
	if len(s) > maxEmojiBytes || uniseg.GraphemeClusterCount(s) != 1 {
		return false
	}
	runes := []rune(s)
	switch {
	case isFlag(runes), isKeycap(runes):
		return true
	case !isPictograph(runes[0]):
		return false
	}
	for i, r := range runes[1:] {
		last := i+2 == len(runes)
		if r == joiner && last || r != joiner && !modifies(r) && !isPictograph(r) {
			return false
		}
	}
	return true
}

func isFlag(runes []rune) bool {
	return len(runes) == 2 && within(runes[0], regionFirst, regionLast) && within(runes[1], regionFirst, regionLast)
}

func isKeycap(runes []rune) bool {
	n := len(runes)
	return (n == 2 || n == 3 && runes[1] == emojiStyle) && runes[n-1] == keycap && strings.ContainsRune(keycapDigits, runes[0])
}

// modifies reports whether r changes the look of the pictograph before it.
func modifies(r rune) bool {
	return r == emojiStyle || within(r, toneFirst, toneLast) || within(r, tagFirst, tagLast)
}

// isPictograph asks the library in the one way it answers: only pictographs are
// joined to one cluster (rule GB11 of Unicode's annex 29).
func isPictograph(r rune) bool {
	return uniseg.GraphemeClusterCount(string(r)+string(joiner)+aPictograph) == 1
}

func within(r, first, last rune) bool { return r >= first && r <= last }
