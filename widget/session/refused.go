package session

// Refused means that something beside the talk was not done, such as keeping the
// conversation as a file, and is not tried again by itself. It is for the tab
// alone in which that was wanted.
type Refused struct{ Failure Failure }

func (Refused) event() {}

// refused tells the visitor so.
func (m *machine) refused(f Failure) {
	m.notice(f.Code, f.Text, f.RetryAfter)
	m.Notice.Again = true
}
