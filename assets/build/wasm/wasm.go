// Package wasm reads how a WebAssembly program is put together: what its
// functions are called, and where its bytes are.
package wasm

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// ErrDamaged is what a program that cannot be read gives.
var ErrDamaged = errors.New("this is no WebAssembly program, or a damaged one")

var magic = []byte("\x00asm\x01\x00\x00\x00")

// The sections of which anything is read; the others are passed over.
const (
	sectionCustom = 0
	sectionImport = 2
	sectionCode   = 10
	sectionData   = 11
)

// Program is what is known of a program.
type Program struct {
	// Functions are its own, in their order, not those it imports.
	Functions []Function
	// Data is the size of what fills the memory when it starts.
	Data int
}

// Function is one function. Its name is empty where the program has no names.
type Function struct {
	Name string
	Size int
}

// Read reads a program.
func Read(program []byte) (p Program, err error) {
	sections, err := split(program)
	if err != nil {
		return p, err
	}
	defer func() {
		if recover() != nil { // a number led out of the section
			p, err = Program{}, ErrDamaged
		}
	}()
	imported, names := 0, map[int]string{}
	for _, s := range sections {
		r := reader(s.body)
		switch s.kind {
		case sectionImport:
			imported = r.importedFunctions()
		case sectionCode:
			for range r.number() {
				p.Functions = append(p.Functions, Function{Size: len(r.vector())})
			}
		case sectionData:
			p.Data = len(s.body)
		case sectionCustom:
			if string(r.vector()) == "name" {
				names = r.functionNames()
			}
		}
	}
	for i := range p.Functions {
		p.Functions[i].Name = names[imported+i]
	}
	return p, nil
}

// Strip leaves out names and what tools have noted: a browser needs neither.
func Strip(program []byte) ([]byte, error) {
	sections, err := split(program)
	if err != nil {
		return nil, err
	}
	stripped := bytes.Clone(magic)
	for _, s := range sections {
		if s.kind != sectionCustom {
			stripped = append(stripped, s.whole...)
		}
	}
	return stripped, nil
}

type section struct {
	kind        byte
	whole, body []byte
}

func split(program []byte) (sections []section, err error) {
	rest, ok := bytes.CutPrefix(program, magic)
	if !ok {
		return nil, ErrDamaged
	}
	for len(rest) > 0 {
		size, n := binary.Uvarint(rest[1:])
		end := 1 + n + int(size)
		if n <= 0 || end > len(rest) || end <= n {
			return nil, ErrDamaged
		}
		sections = append(sections, section{rest[0], rest[:end], rest[1+n : end]})
		rest = rest[end:]
	}
	return sections, nil
}

// reader is what is left to read of a section. It panics at its end.
type reader []byte

func (r *reader) number() int {
	v, n := binary.Uvarint(*r)
	*r = (*r)[n:]
	if n <= 0 {
		panic(ErrDamaged)
	}
	return int(v)
}

func (r *reader) byte() byte {
	b := (*r)[0]
	*r = (*r)[1:]
	return b
}

// vector is a number of bytes with that number before them.
func (r *reader) vector() []byte {
	n := r.number()
	v := (*r)[:n]
	*r = (*r)[n:]
	return v
}

// importedFunctions counts those that come before the program's own.
func (r *reader) importedFunctions() (n int) {
	for range r.number() {
		r.vector() // the module
		r.vector() // the name in it
		switch r.byte() {
		case 0: // a function, and its type
			r.number()
			n++
		case 1: // a table, its elements' type and its limits
			r.byte()
			r.limits()
		case 2: // a memory and its limits
			r.limits()
		default: // a global, its type, and whether it can change
			r.byte()
			r.byte()
		}
	}
	return n
}

func (r *reader) limits() {
	most := r.byte()&1 != 0
	r.number()
	if most {
		r.number()
	}
}

// functionNames reads the part of the name section that is about functions.
func (r *reader) functionNames() map[int]string {
	const functions = 1
	names := map[int]string{}
	for len(*r) > 0 {
		kind, part := r.byte(), reader(r.vector())
		if kind != functions {
			continue
		}
		for range part.number() {
			i := part.number()
			names[i] = string(part.vector())
		}
	}
	return names
}
