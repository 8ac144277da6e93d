// Package standins holds small packages that take the place of parts of the
// standard library when the widget is built for the browser.
//
// go-app and coder/websocket import net/http, regexp and some of crypto for
// what they do on a server. None of it is called in a browser, but a package's
// initialisers are linked whenever it is imported, and they bring TLS, elliptic
// curves and Unicode tables along: a third of the program. Each folder here
// replaces the package of the same import path by the declarations that those
// two libraries need to compile. A use of anything else fails the build, so
// nothing is lost unseen; what a stand-in does instead of the real thing is
// written in its package comment and held by its test.
//
// The same program builds and runs with the real packages (-overlay=false).
package standins

import "embed"

// Files holds the stand-ins' sources, at their import paths.
//
//go:embed all:net all:regexp all:crypto all:internal
var Files embed.FS
