package wasm

import (
	"bytes"
	"errors"
	"testing"
)

// program has an imported function, an imported memory, two functions of its
// own with names, and data.
var program = bytes.Join([][]byte{
	magic,
	{1, 4, 1, 0x60, 0, 0},
	{2, 15, 2, 1, 'm', 1, 'f', 0, 0, 1, 'm', 1, 'n', 2, 1, 1, 2},
	{10, 8, 2, 2, 0, 0x0b, 3, 0, 1, 0x0b},
	{11, 3, 1, 2, 3},
	{0, 17, 4, 'n', 'a', 'm', 'e', 1, 10, 2, 1, 3, 'a', '.', 'B', 2, 2, 'c', 'd'},
}, nil)

func TestRead(t *testing.T) {
	p, err := Read(program)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Functions) != 2 || p.Functions[0] != (Function{"a.B", 2}) || p.Functions[1] != (Function{"cd", 3}) || p.Data != 3 {
		t.Errorf("read %+v", p)
	}
}

func TestStrip(t *testing.T) {
	stripped, err := Strip(program)
	if err != nil || len(stripped) != len(program)-19 {
		t.Fatalf("%d bytes are left of %d (%v)", len(stripped), len(program), err)
	}
	p, err := Read(stripped)
	if err != nil || len(p.Functions) != 2 || p.Functions[0] != (Function{"", 2}) {
		t.Errorf("read %+v (%v)", p, err)
	}
}

// What is cut off anywhere is refused or read as less, and never a panic.
func TestDamaged(t *testing.T) {
	for n := range program {
		if _, err := Read(program[:n]); err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
		spoilt := bytes.Clone(program)
		spoilt[n] = 0xff
		if _, err := Read(spoilt); err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d spoilt: %v", n, err)
		}
	}
}
