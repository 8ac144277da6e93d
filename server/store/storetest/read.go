package storetest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// mark reads up to seq and wants that to be a change.
func mark(t *testing.T, s chat.Store, c, p string, seq int64) (rev int64) {
	t.Helper()
	got, rev, changed, err := s.MarkRead(t.Context(), c, p, seq, 0, start)
	if err != nil || !changed || got.ID != p || got.ReadSeq != seq {
		t.Fatalf("mark %d of %s: %+v changed=%v, %v", seq, p, got, changed, err)
	}
	return rev
}

func badge(t *testing.T, s chat.Store, c, p string) wire.Badge {
	t.Helper()
	b, err := s.Badge(t.Context(), c, p)
	if err != nil {
		t.Fatalf("badge: %v", err)
	}
	return b
}

func revocations(t *testing.T, s chat.Store, now wire.Time) []chat.Revocation {
	t.Helper()
	all, err := s.Revocations(t.Context(), now)
	if err != nil {
		t.Fatalf("revocations: %v", err)
	}
	return all
}

func testMarkRead(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	for i := range 4 {
		add(t, s, message("c", "bob", fmt.Sprint("k", i)))
	}
	before := conversation(t, s, "c")
	rev := mark(t, s, "c", "ann", 3)
	if rev != before.Rev+1 || conversation(t, s, "c").Rev != rev {
		t.Errorf("a mark raised rev from %d to %d, stored %d", before.Rev, rev, conversation(t, s, "c").Rev)
	}
	for _, seq := range []int64{3, 2, 0} {
		p, _, changed, err := s.MarkRead(t.Context(), "c", "ann", seq, 0, start)
		if err != nil || changed || p.ID != "ann" || p.ReadSeq != 3 {
			t.Errorf("mark %d after 3: %+v changed=%v, %v", seq, p, changed, err)
		}
	}
	for _, seq := range []int64{-1, 6, 1 << 62} {
		_, _, changed, err := s.MarkRead(t.Context(), "c", "ann", seq, 0, start)
		refused(t, err, wire.CodeInvalidField)
		if changed || err == nil || !strings.Contains(err.Error(), "0 to 5") {
			t.Errorf("mark %d: changed=%v, %v; the range is not named", seq, changed, err)
		}
	}
	if after := conversation(t, s, "c"); after.Rev != rev || after.LastSeq != 5 {
		t.Errorf("marks that are none changed the conversation to %+v", after)
	}
	p, _, changed, err := s.MarkRead(t.Context(), "c", "ann", 0, 4, start)
	if err != nil || !changed || p.ReadSeq != 3 || p.DeliveredSeq != 4 {
		t.Errorf("4 delivered: %+v changed=%v, %v", p, changed, err)
	}
	if p, _, changed, err = s.MarkRead(t.Context(), "c", "ann", 3, 2, start); err != nil || changed || p.DeliveredSeq != 4 {
		t.Errorf("2 delivered after 4: %+v changed=%v, %v", p, changed, err)
	}
	_, _, _, err = s.MarkRead(t.Context(), "c", "ann", 3, 6, start)
	refused(t, err, wire.CodeInvalidField)
	mark(t, s, "c", "ann", 5)
	if all := participants(t, s, "c"); all[0].ReadSeq != 5 || all[0].DeliveredSeq != 5 {
		t.Errorf("what is read is delivered: %+v", all)
	}
	_, _, changed, err = s.MarkRead(t.Context(), "nobody", "ann", 0, 0, start)
	if err != nil || changed {
		t.Errorf("nothing read of nothing: changed=%v, %v", changed, err)
	}
	_, _, _, err = s.MarkRead(t.Context(), "nobody", "ann", 1, 0, start)
	refused(t, err, wire.CodeInvalidField)
	_, err = s.Conversation(t.Context(), "nobody")
	refused(t, err, wire.CodeNotFound)
}

// testMarkReadConcurrent reads on with many devices: the highest mark counts,
// and every change has a rev of its own.
func testMarkReadConcurrent(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	for i := range writers {
		add(t, s, message("c", "bob", fmt.Sprint("k", i)))
	}
	before := conversation(t, s, "c").Rev
	var marks atomic.Int64
	together(writers, func(i int) {
		seq := int64(i + 2)
		p, _, changed, err := s.MarkRead(t.Context(), "c", "ann", seq, 0, start)
		if err != nil || p.ReadSeq < seq {
			t.Errorf("mark %d: %+v, %v", seq, p, err)
		}
		if changed {
			marks.Add(1)
		}
	})
	if b := badge(t, s, "c", "ann"); b.ReadSeq != writers+1 || b.Unread != 0 {
		t.Errorf("badge %+v", b)
	}
	if rev := conversation(t, s, "c").Rev; rev != before+marks.Load() || marks.Load() < 1 {
		t.Errorf("%d marks raised rev from %d to %d", marks.Load(), before, rev)
	}
}

func testOwnMessageIsRead(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	add(t, s, message("c", "bob", "k1"))
	own := add(t, s, message("c", "ann", "k2"))
	if b := badge(t, s, "c", "ann"); b.ReadSeq != own.Seq || b.Unread != 0 {
		t.Errorf("badge after an own message: %+v", b)
	}
	found := changes(t, s, "c", own.Rev-1, 10)
	want := []wire.Participant{{ID: "ann", Role: wire.RoleVisitor, Name: "Name of ann", ReadSeq: own.Seq, DeliveredSeq: own.Seq}}
	same(t, "who changed with it", found.Participants, want)
	if again, err := s.AppendMessage(t.Context(), message("c", "ann", "k1")); again.Created || err != nil {
		t.Errorf("repeated: created=%v, %v", again.Created, err)
	}
	if b := badge(t, s, "c", "ann"); b.ReadSeq != own.Seq {
		t.Errorf("a repeated message moved the mark back to %d", b.ReadSeq)
	}
}

func testBadge(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	for i := range 3 {
		add(t, s, message("c", "bob", fmt.Sprint("k", i)))
		add(t, s, message("other", "bob", fmt.Sprint("k", i)))
	}
	for _, c := range []struct {
		participant  string
		read, unread int64
	}{{"ann", 1, 3}, {"bob", 4, 0}, {"stranger", 0, 4}} {
		b := badge(t, s, "c", c.participant)
		if b.Conversation != (wire.Conversation{ID: "c", CreatedAt: start}) || b.LastSeq != 4 || b.ReadSeq != c.read || b.Unread != c.unread {
			t.Errorf("badge of %s: %+v, want %d read and %d unread", c.participant, b, c.read, c.unread)
		}
	}
	mark(t, s, "c", "ann", 3)
	if b := badge(t, s, "c", "ann"); b.ReadSeq != 3 || b.Unread != 1 {
		t.Errorf("badge after a mark: %+v", b)
	}
}

func testParticipantChanges(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	cursor := add(t, s, message("c", "bob", "k1")).Rev
	same(t, "nothing changed", changes(t, s, "c", cursor, 10).Participants, nil)
	rev := mark(t, s, "c", "ann", 2)
	found := changes(t, s, "c", cursor, 10)
	want := participants(t, s, "c")[:1]
	same(t, "who changed", found.Participants, want)
	if len(found.Messages) != 0 || found.Rev != rev || want[0].ReadSeq != 2 {
		t.Errorf("changes %+v", found)
	}
	same(t, "everybody", changes(t, s, "c", 0, 1).Participants, participants(t, s, "c"))
}

func testKnownName(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	m := message("c", "ann", "k2")
	m.Author.Name = ""
	if got := add(t, s, m); got.Author.Name != "Name of ann" {
		t.Errorf("the author is %+v", got.Author)
	}
	if all := history(t, s, "c"); all[1].Author.Name != "Name of ann" {
		t.Errorf("stored is %+v", all[1].Author)
	}
}

func testRevocations(t *testing.T, s chat.Store) {
	revoke := func(p string, at, expires wire.Time) chat.Revocation {
		r := chat.Revocation{Subject: p, At: at, ExpiresAt: expires}
		if err := s.Revoke(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	revoke("ann", start, start+10)
	ann := revoke("ann", start+5, start+15)
	bob := revoke("bob", start, start+20)
	same(t, "at first", revocations(t, s, start), []chat.Revocation{ann, bob})
	same(t, "when one has expired", revocations(t, s, start+15), []chat.Revocation{bob})
	cid := revoke("cid", start+20, start+40)
	same(t, "in the end", revocations(t, s, start), []chat.Revocation{cid})
}
