package ui

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenColors = "testdata/colors.json"

// The table that everything which works with the owner's colour is held to.
func TestPaletteGolden(t *testing.T) {
	colors := []string{"#0b5fff", "#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff", "#00ffff",
		"#808080", "#767676", "#777777", "#e91e63", "#ff9800", "#4caf50", "#673ab7", "#f1c40f", "#1abc9c", "#2c3e50", "#fafafa", "#123", "#F80"}
	got := map[string]Palette{}
	for _, c := range colors {
		p, err := NewPalette(c)
		if err != nil {
			t.Fatal(err)
		}
		got[c] = p
	}
	encoded, err := json.MarshalIndent(got, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	encoded = append(encoded, '\n')
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenColors, encoded, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenColors)
	if err != nil {
		t.Fatal(err)
	}
	if string(encoded) != string(want) {
		t.Errorf("got\n%s\nwant\n%s", encoded, want)
	}
}

// Whatever colour the owner chooses, everything can be read and seen.
func TestPaletteContrast(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	surfaces := map[string][]rgb{
		"light": {mustColor("#ffffff"), mustColor(lightBubble)},
		"dark":  {mustColor("#15171c"), mustColor(darkBubble)},
	}
	atLeast := func(color, what, a string, surface rgb, wanted float64) {
		if got := contrast(mustColor(a), surface); got < wanted {
			t.Errorf("%s: %s %s has %.2f:1 on %s, want %v:1", color, what, a, got, surface, wanted)
		}
	}
	for range 1000 {
		color := rgb{uint8(random.UintN(256)), uint8(random.UintN(256)), uint8(random.UintN(256))}.String()
		p, err := NewPalette(color)
		if err != nil {
			t.Fatal(err)
		}
		atLeast(color, "text on the accent", p.OnAccent, mustColor(p.Accent), textContrast)
		for _, surface := range surfaces["light"] {
			atLeast(color, "link", p.LinkLight, surface, textContrast)
			atLeast(color, "ring", p.RingLight, surface, ringContrast)
		}
		for _, surface := range surfaces["dark"] {
			atLeast(color, "link", p.LinkDark, surface, textContrast)
			atLeast(color, "ring", p.RingDark, surface, ringContrast)
		}
	}
}

// A colour that can be read as it is stays as it is.
func TestPaletteKeepsWhatIsReadable(t *testing.T) {
	p, err := NewPalette("#0b5fff")
	if err != nil || p.Accent != "#0b5fff" || p.LinkLight != "#0b5fff" || p.RingLight != "#0b5fff" || p.OnAccent != "#ffffff" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestPaletteRefuses(t *testing.T) {
	for _, color := range []string{"", "#", "red", "#12", "#12345", "#0b5fff80", "#ggg", "#+12345", "0b5fff0", "rgb(0,0,0)"} {
		if p, err := NewPalette(color); err == nil {
			t.Errorf("NewPalette(%q) = %+v", color, p)
		}
	}
}
