package ui

import (
	"errors"
	"math"
	"strconv"
)

// Contrasts as the Web Content Accessibility Guidelines 2.2 measure them.
const (
	textContrast = 4.5
	ringContrast = 3
)

// The surfaces that the owner's colour has to be told from: a bubble is darker
// than the light surface and lighter than the dark one, so what can be read on
// it can be read on both.
const (
	lightBubble = "#f2f4f7"
	darkBubble  = "#23262e"
)

// Palette is the owner's colour and those made from it, as #rrggbb. A link can
// be read on the surface and on bubbles, a ring can be told from them.
type Palette struct {
	Accent, OnAccent    string
	LinkLight, LinkDark string
	RingLight, RingDark string
}

var errColor = errors.New("a colour is #rgb or #rrggbb, without transparency")

// NewPalette makes the palette for #rgb or #rrggbb.
func NewPalette(color string) (Palette, error) {
	c, err := parseColor(color)
	if err != nil {
		return Palette{}, err
	}
	light, dark := mustColor(lightBubble), mustColor(darkBubble)
	p := Palette{
		Accent:    c.String(),
		OnAccent:  "#000000",
		LinkLight: c.shift(light, -1, textContrast).String(),
		LinkDark:  c.shift(dark, 1, textContrast).String(),
		RingLight: c.shift(light, -1, ringContrast).String(),
		RingDark:  c.shift(dark, 1, ringContrast).String(),
	}
	if contrast(c, rgb{255, 255, 255}) >= textContrast {
		p.OnAccent = "#ffffff"
	}
	return p, nil
}

// Properties are the palette as the custom properties of the style sheet.
func (p Palette) Properties() map[string]string {
	return map[string]string{
		"--accent": p.Accent, "--on-accent": p.OnAccent,
		"--link-light": p.LinkLight, "--link-dark": p.LinkDark,
		"--ring-light": p.RingLight, "--ring-dark": p.RingDark,
	}
}

// rgb is a colour of the sRGB space, 8 bits a channel.
type rgb [3]uint8

func parseColor(s string) (rgb, error) {
	if len(s) == 4 {
		s = string([]byte{s[0], s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	if len(s) != 7 || s[0] != '#' {
		return rgb{}, errColor
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return rgb{}, errColor
	}
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

func mustColor(s string) rgb {
	c, err := parseColor(s)
	if err != nil {
		panic(err) // a constant
	}
	return c
}

func (c rgb) String() string {
	const hex = "0123456789abcdef"
	b := []byte{'#'}
	for _, v := range c {
		b = append(b, hex[v>>4], hex[v&15])
	}
	return string(b)
}

// linear are the channels as amounts of light.
func (c rgb) linear() (l [3]float64) {
	for i, v := range c {
		s := float64(v) / 255
		if s <= 0.04045 {
			l[i] = s / 12.92
		} else {
			l[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return l
}

// contrast is the ratio of two colours' luminance, from 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c rgb) float64 {
	l := c.linear()
	return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
}

// shiftStep is how far the lightness goes at once, of 0 to 1.
const shiftStep = 0.005

// shift makes c darker (-1) or lighter (1), keeping its hue, until it has the
// wanted contrast to the surface. It moves the lightness of the OKLCH space,
// where equal steps look equal, and takes back chroma where the screen cannot
// show it.
func (c rgb) shift(surface rgb, direction, wanted float64) rgb {
	lab := toOKLab(c)
	for contrast(c, surface) < wanted && lab[0] >= 0 && lab[0] <= 1 {
		lab[0] += direction * shiftStep
		c = lab.inGamut()
	}
	return c
}

// oklab is a colour of Björn Ottosson's OKLab space: lightness, and two axes
// whose angle is the hue and whose length is the chroma of OKLCH.
type oklab [3]float64

func toOKLab(c rgb) oklab {
	v := c.linear()
	l := math.Cbrt(0.4122214708*v[0] + 0.5363325363*v[1] + 0.0514459929*v[2])
	m := math.Cbrt(0.2119034982*v[0] + 0.6806995451*v[1] + 0.1073969566*v[2])
	s := math.Cbrt(0.0883024619*v[0] + 0.2817188376*v[1] + 0.6299787005*v[2])
	return oklab{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

func (c oklab) linear() [3]float64 {
	l := c[0] + 0.3963377774*c[1] + 0.2158037573*c[2]
	m := c[0] - 0.1055613458*c[1] - 0.0638541728*c[2]
	s := c[0] - 0.0894841775*c[1] - 1.2914855480*c[2]
	l, m, s = l*l*l, m*m*m, s*s*s
	return [3]float64{
		4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
	}
}

// inGamut is the nearest colour of the same lightness and hue that can be
// shown.
func (c oklab) inGamut() rgb {
	const tolerance = 0.0005
	v := c.linear()
	for range 100 {
		if min(v[0], v[1], v[2]) >= -tolerance && max(v[0], v[1], v[2]) <= 1+tolerance {
			break
		}
		c[1], c[2] = c[1]*0.96, c[2]*0.96
		v = c.linear()
	}
	var out rgb
	for i, x := range v {
		x = min(max(x, 0), 1)
		if x <= 0.0031308 {
			x *= 12.92
		} else {
			x = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		out[i] = uint8(math.Round(x * 255))
	}
	return out
}
