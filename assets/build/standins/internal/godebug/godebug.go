// Package godebug stands in for the standard library's in the browser, where
// there is no environment to set GODEBUG in. Every setting has its default.
// Lost: changing one, and counting in runtime/metrics how often one counted.
package godebug

// Setting is one setting of GODEBUG.
type Setting struct{ name string }

// New is the setting of a name, which may begin with # for undocumented.
func New(name string) *Setting { return &Setting{name} }

// Name is the setting's name.
func (s *Setting) Name() string {
	if s.name != "" && s.name[0] == '#' {
		return s.name[1:]
	}
	return s.name
}

// Value is always empty: the default.
func (s *Setting) Value() string { return "" }

// IncNonDefault does nothing.
func (s *Setting) IncNonDefault() {}
