package auth

import (
	"maps"
	"sync"
	"time"

	"chatbot/widget/wire"
)

// revocations are the marks up to which tokens are refused, by participant and, for
// all of one, by conversation. They are kept in memory, where every request looks, until all that they refuse has
// expired.
type revocations struct {
	mu    sync.RWMutex
	marks map[string]mark
	prune int // how many marks there may be before the expired ones are dropped
}

type mark struct{ at, expires wire.Time }

// put sets the subject's mark. The caller holds the lock.
func (r *revocations) put(subject string, m mark, now wire.Time) {
	if len(r.marks) >= r.prune {
		maps.DeleteFunc(r.marks, func(_ string, m mark) bool { return m.expires <= now })
		r.prune = 2*len(r.marks) + 1000
	}
	if r.marks == nil {
		r.marks = map[string]mark{}
	}
	r.marks[subject] = m
}

// Refuse has the tokens of a participant or of a conversation that were issued
// until at refused, as a stored revocation says. It may be forgotten when expires
// has come.
func (t *Tokens) Refuse(subject string, at, expires wire.Time) {
	t.revoked.mu.Lock()
	defer t.revoked.mu.Unlock()
	t.revoked.put(subject, mark{at, expires}, min(at, expires-1))
}

// Revoke refuses all tokens that the token's participant was given until now, and
// has keep store it. Where that fails they are good again. A token that is not good
// is refused as by Verify.
func (t *Tokens) Revoke(token string, clock func() time.Time, keep func(at, expires wire.Time) error) error {
	participant, m, before, err := t.close(token, clock)
	if err != nil {
		return err
	}
	if err = keep(m.at, m.expires); err != nil {
		t.reopen(participant, m, before)
	}
	return err
}

// RevokeConversation refuses every token of a conversation for ever, and has keep
// store it. Where that fails they are good again.
func (t *Tokens) RevokeConversation(id string, clock func() time.Time, keep func(at, expires wire.Time) error) error {
	m, before := t.closeConversation(id, clock)
	err := keep(m.at, m.expires)
	if err != nil {
		t.reopen(id, m, before)
	}
	return err
}

func (t *Tokens) closeConversation(id string, clock func() time.Time) (m, before mark) {
	t.revoked.mu.Lock()
	defer t.revoked.mu.Unlock()
	now := wire.TimeOf(clock())
	before = t.revoked.marks[id]
	m.expires = now + wire.Time((TokenLifetime + leeway).Milliseconds())
	m.at = m.expires // whatever the clock says: there are no new ones
	t.revoked.put(id, m, now)
	return m, before
}

// reopen puts the mark of before in the place of m.
func (t *Tokens) reopen(subject string, m, before mark) {
	t.revoked.mu.Lock()
	defer t.revoked.mu.Unlock()
	switch {
	case t.revoked.marks[subject] != m:
	case before == mark{}:
		delete(t.revoked.marks, subject)
	default:
		t.revoked.marks[subject] = before
	}
}

// close sets the mark for now. The clock is read under the lock under which
// tokens are renewed: each is renewed before it, and refused, or not at all. Where
// the clock was put back, the token is newer than now, and so may be one that was
// given out after the last mark: neither outlives this one.
func (t *Tokens) close(token string, clock func() time.Time) (participant string, m, before mark, err error) {
	t.revoked.mu.Lock()
	defer t.revoked.mu.Unlock()
	now := clock()
	v, err := t.check(token, now)
	if err != nil {
		return "", m, before, err
	}
	c, err := t.read(token, now)
	if err != nil {
		return "", m, before, err
	}
	participant, before = v.Participant, t.revoked.marks[v.Participant]
	m.at = max(wire.TimeOf(now), before.at+1, c.IssuedMillis)
	m.expires = m.at + wire.Time((TokenLifetime + leeway).Milliseconds())
	t.revoked.put(participant, m, m.at)
	return participant, m, before, nil
}
