package ui

// The log is drawn in pages of pageRows messages each, counted from the
// beginning of the conversation: a message stays in its page, whatever comes
// before or after it. go-app tells the elements of a list apart by their position
// alone. So a page that is not drawn leaves an empty element in its place, and
// nothing behind it has to be drawn anew.
const (
	pageRows = 25
	// nearPages are drawn at the end of the log, and as many more wherever the
	// visitor scrolls to. Of more than farPages those farthest away are given up.
	nearPages = 4
	farPages  = 12
	// sparePages are the empty elements kept before the first page that is drawn,
	// for earlier ones to take. Where they run out, or there are twice as many and
	// more, the list begins anew.
	sparePages = 200
	// shelfPages are drawn or passed over together, see shelf.
	shelfPages = 16
)

// pageOf is the page of the message with a Seq. What is on its way counts as
// what follows the last message: there it will stand.
func pageOf(seq int64) int { return int(max(seq, 1)-1) / pageRows }

// window is which pages are drawn: from From up to, but not including, To. Base
// is the page of the list's first element.
type window struct{ base, from, to int }

// end draws the last pages. End is the page behind the last one, first the first
// that is known.
func (w *window) end(first, end int) {
	w.to = end
	w.from = max(first, end-nearPages-1)
	w.rebase()
}

// hold keeps what is drawn while the log goes on behind it: what comes is drawn
// if all up to there is.
func (w *window) hold(end int, complete bool) {
	if complete && end-w.from <= farPages {
		w.to = end
	}
	w.to = min(w.to, end)
}

// up draws earlier pages, and reports whether there are any.
func (w *window) up(first int) bool {
	if w.from <= first {
		return false
	}
	w.from = max(first, w.from-nearPages)
	w.to = min(w.to, w.from+farPages)
	w.rebase()
	return true
}

// down draws later pages, and reports whether there are any.
func (w *window) down(end int) bool {
	if w.to >= end {
		return false
	}
	w.to = min(end, w.to+nearPages)
	w.from = max(w.from, w.to-farPages)
	return true
}

// show draws a page and those around it, if it is not drawn.
func (w *window) show(page, first, end int) {
	if page-1 >= w.from && page < w.to || page == w.from && page == first {
		return
	}
	w.from = max(first, page-nearPages/2)
	w.to = min(end, max(w.to, page+1))
	w.to = min(w.to, w.from+farPages)
	w.rebase()
}

func (w *window) rebase() {
	if w.from < w.base || w.from-w.base > 2*sparePages {
		w.base = max(0, w.from-sparePages)
	}
}
