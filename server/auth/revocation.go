package auth

import (
	"maps"
	"sync"
	"time"

	"chatbot/widget/wire"
)

// revocations are the marks up to which participants' tokens are refused. They
// are kept in memory, where every request looks, until all that they refuse has
// expired.
type revocations struct {
	mu    sync.RWMutex
	marks map[string]mark
	prune int // how many marks there may be before the expired ones are dropped
}

type mark struct{ at, expires wire.Time }

// put sets the participant's mark. The caller holds the lock.
func (r *revocations) put(participant string, m mark, now wire.Time) {
	if len(r.marks) >= r.prune {
		maps.DeleteFunc(r.marks, func(_ string, m mark) bool { return m.expires <= now })
		r.prune = 2*len(r.marks) + 1000
	}
	if r.marks == nil {
		r.marks = map[string]mark{}
	}
	r.marks[participant] = m
}

// Refuse has the participant's tokens that were issued until at refused, as a
// stored revocation says. It may be forgotten when expires has come.
func (t *Tokens) Refuse(participant string, at, expires wire.Time) {
	t.revoked.mu.Lock()
	defer t.revoked.mu.Unlock()
	t.revoked.put(participant, mark{at, expires}, at)
}

// Revoke refuses all tokens that the participant was given until now, and has
// keep store it. Where that fails they are good again.
func (t *Tokens) Revoke(participant string, clock func() time.Time, keep func(at, expires wire.Time) error) error {
	m, before := t.close(participant, clock)
	err := keep(m.at, m.expires)
	if err != nil {
		t.revoked.mu.Lock()
		defer t.revoked.mu.Unlock()
		if t.revoked.marks[participant] == m {
			t.revoked.marks[participant] = before
		}
	}
	return err
}

// close sets the mark for now. The clock is read under the lock under which
// tokens are renewed: each is renewed before it, and refused, or not at all.
func (t *Tokens) close(participant string, clock func() time.Time) (m, before mark) {
	t.revoked.mu.Lock()
	defer t.revoked.mu.Unlock()
	before = t.revoked.marks[participant]
	m.at = max(wire.TimeOf(clock()), before.at)
	m.expires = m.at + wire.Time((TokenLifetime + leeway).Milliseconds())
	t.revoked.put(participant, m, m.at)
	return m, before
}
