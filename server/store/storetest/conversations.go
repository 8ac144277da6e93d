package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

func testNotFound(t *testing.T, s chat.Store) {
	_, err := s.Conversation(t.Context(), "nobody")
	refused(t, err, wire.CodeNotFound)
	if c := changes(t, s, "nobody", 3, 10); !cmp.Equal(c, chat.Changes{}) {
		t.Errorf("changes: %+v", c)
	}
	_, err = s.Badge(t.Context(), "nobody", "ann")
	refused(t, err, wire.CodeNotFound)
	same(t, "history", history(t, s, "nobody"), nil)
	same(t, "participants", participants(t, s, "nobody"), nil)
	same(t, "debts", debts(t, s), nil)
	list, err := s.Conversations(t.Context(), 10)
	if err != nil || len(list) != 0 {
		t.Errorf("conversations: %v, %v", list, err)
	}
	_, err = s.Redeem(t.Context(), redemption("nothing", "", start, wire.Participant{ID: "guest", Role: wire.RoleVisitor}))
	refused(t, err, wire.CodeInvitationInvalid)
}

func testConversations(t *testing.T, s chat.Store) {
	for i, c := range []string{"a", "b", "c", "a"} {
		m := message(c, "ann", fmt.Sprint("k", i))
		m.CreatedAt = start + wire.Time(i)
		add(t, s, m)
	}
	for limit, want := range map[int][]string{0: nil, 2: {"a", "c"}, 9: {"a", "c", "b"}} {
		list, err := s.Conversations(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range list {
			got = append(got, c.ID)
			if stored := conversation(t, s, c.ID); c != stored {
				t.Errorf("listed is %+v, stored %+v", c, stored)
			}
		}
		same(t, fmt.Sprint("limit ", limit), got, want)
	}
	if a := conversation(t, s, "a"); a.CreatedAt != start || a.UpdatedAt != start+3 {
		t.Errorf("a was created at %v and updated at %v", a.CreatedAt, a.UpdatedAt)
	}
}

// testParticipants joins within one millisecond, under ids in another order.
func testParticipants(t *testing.T, s chat.Store) {
	var want []wire.Participant
	for i, p := range []string{"m", "z", "a", "k"} {
		m := message("c", p, fmt.Sprint("k", i))
		if stored := add(t, s, m); stored.Rev != int64(i+1) {
			t.Errorf("the first message of %s has rev %d, want %d: with one of its own the entry would be a gap", p, stored.Rev, i+1)
		}
		want = append(want, wire.Participant{ID: p, Role: m.Author.Role, Name: m.Author.Name, ReadSeq: int64(i + 1), DeliveredSeq: int64(i + 1)})
	}
	before := conversation(t, s, "c").Rev
	m := message("c", "z", "again")
	m.Author.Name = "Another name"
	add(t, s, m)
	want[1].ReadSeq, want[1].DeliveredSeq = 5, 5
	same(t, "participants", participants(t, s, "c"), want)
	if rev := conversation(t, s, "c").Rev; rev != before+1 {
		t.Errorf("a message of a known participant raised rev from %d to %d, want by 1", before, rev)
	}
}

func testDebts(t *testing.T, s chat.Store) {
	var want []chat.Debt
	for i, c := range []string{"a", "b", "a"} {
		m := message(c, "ann", fmt.Sprint("k", i))
		m.OwesAnswer, m.CreatedAt = true, start+wire.Time(i)
		add(t, s, m)
		want = append(want, chat.Debt{ConversationID: c, MessageID: m.ID, Body: m.Body, CreatedAt: m.CreatedAt})
	}
	add(t, s, message("a", "ann", "nothing owed"))
	same(t, "owed", debts(t, s), want)

	said, err := s.SettleAnswer(t.Context(), want[0], answer(want[0], "x"))
	if err != nil || !said.Created || said.Seq != 4 || said.Author.Role != wire.RoleBot || said.Source == nil {
		t.Errorf("settle: created=%v, %+v, %v", said.Created, said, err)
	}
	same(t, "owed after one answer", debts(t, s), want[1:])
	all := history(t, s, "a")
	same(t, "the answer as stored", all[len(all)-1:], []wire.Message{said.Message})

	if said, err = s.SettleAnswer(t.Context(), want[0], answer(want[0], "y")); err != nil || said.Created || said.ID != "" {
		t.Errorf("settle again: created=%v, %+v, %v", said.Created, said, err)
	}
	if settled, err := s.SettleAnswer(t.Context(), want[1], nil); err != nil || settled.Created {
		t.Errorf("settle without an answer: created=%v, %v", settled.Created, err)
	}
	same(t, "owed at last", debts(t, s), want[2:])
	if all := history(t, s, "b"); len(all) != 1 {
		t.Errorf("settling without an answer left %d messages, want 1", len(all))
	}
}

func testPersonSpoke(t *testing.T, s chat.Store) {
	spoke := func(c string, since wire.Time) bool {
		t.Helper()
		is, err := s.PersonSpoke(t.Context(), c, since)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	add(t, s, message("c", "ann", "k1"))
	add(t, s, message("other", "ann", "k1"))
	add(t, s, *answer(chat.Debt{ConversationID: "c", MessageID: "c-ann-k1"}, "a"))
	if spoke("c", 0) {
		t.Error("neither a visitor nor the bot speaks for the site")
	}
	m := message("c", "site-anna", "k2")
	m.Author.Role, m.CreatedAt = wire.RoleAgent, start+10
	add(t, s, m)
	for _, want := range []struct {
		conversation string
		since        wire.Time
		spoke        bool
	}{{"c", start, true}, {"c", start + 10, true}, {"c", start + 11, false}, {"other", start, false}, {"none", start, false}} {
		if got := spoke(want.conversation, want.since); got != want.spoke {
			t.Errorf("%+v: %v", want, got)
		}
		question := message(want.conversation, "ann", fmt.Sprint("since ", want.since))
		question.OwesAnswer, question.PersonSince = true, want.since
		stored, err := s.AppendMessage(t.Context(), question)
		if err != nil || stored.OwesAnswer == want.spoke {
			t.Errorf("%+v: an answer is owed: %v, %v", want, stored.OwesAnswer, err)
		}
		owed := slices.ContainsFunc(debts(t, s), func(d chat.Debt) bool { return d.MessageID == stored.ID })
		if owed != stored.OwesAnswer {
			t.Errorf("%+v: an answer is said to be owed: %v, and stored as owed: %v", want, stored.OwesAnswer, owed)
		}
	}
	always := message("c", "ann", "always")
	always.OwesAnswer = true
	if stored, err := s.AppendMessage(t.Context(), always); err != nil || !stored.OwesAnswer {
		t.Errorf("an answer that is owed whoever spoke: %v, %v", stored.OwesAnswer, err)
	}
}

func testSettleConcurrent(t *testing.T, s chat.Store) {
	const questions = 10
	for i := range questions {
		m := message("c", "ann", fmt.Sprint("k", i))
		m.OwesAnswer = true
		add(t, s, m)
	}
	owed := debts(t, s)
	var given atomic.Int32
	together(writers, func(i int) {
		for k, d := range owed {
			a := answer(d, fmt.Sprintf("answer-%d-%d", k, i))
			a.Body = fmt.Sprint("By ", i) // every settler has words of its own
			settled, err := s.SettleAnswer(t.Context(), d, a)
			if err != nil {
				t.Error(err)
			}
			if settled.Created {
				given.Add(1)
			}
		}
	})
	if n := len(history(t, s, "c")); given.Load() != questions || n != 2*questions {
		t.Errorf("%d answers were told, %d messages are stored; want %d and %d", given.Load(), n, questions, 2*questions)
	}
	same(t, "owed", debts(t, s), nil)
}

// testSettleRefused answers under a client id that is taken: neither half of
// the change may happen.
func testSettleRefused(t *testing.T, s chat.Store) {
	m := message("c", "ann", "k1")
	m.OwesAnswer = true
	add(t, s, m)
	owed := debts(t, s)
	taken := *answer(owed[0], "taken")
	taken.Body = "Other words"
	add(t, s, taken)
	settled, err := s.SettleAnswer(t.Context(), owed[0], answer(owed[0], "late"))
	refused(t, err, wire.CodeConflict)
	if settled.Created {
		t.Error("a refused answer was created")
	}
	same(t, "owed", debts(t, s), owed)
}

func testRedeem(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	if err := s.Invite(t.Context(), invitation("c", "hash")); err != nil {
		t.Fatal(err)
	}
	before := conversation(t, s, "c")
	guest := wire.Participant{ID: "guest", Role: wire.RoleVisitor, Name: "Guest"}
	redeemed, err := s.Redeem(t.Context(), redemption("hash", "", start+99, guest))
	c := redeemed.Conversation
	if redeemed.Participant != guest || redeemed.Again {
		t.Errorf("redeem: %+v", redeemed)
	}
	if err != nil || c.Rev <= before.Rev || c.LastSeq != 1 || c.UpdatedAt != start+99 {
		t.Errorf("redeem: %+v, %v; it was %+v before", c, err, before)
	}
	if stored := conversation(t, s, "c"); stored != c {
		t.Errorf("redeem returned %+v, stored is %+v", c, stored)
	}
	if all := participants(t, s, "c"); len(all) != 3 || all[2] != guest {
		t.Errorf("the participants are %+v, the last one should be %+v", all, guest)
	}
	_, err = s.Redeem(t.Context(), redemption("hash", "", start+99, wire.Participant{ID: "second", Role: wire.RoleVisitor}))
	refused(t, err, wire.CodeInvitationInvalid)
	if stored := conversation(t, s, "c"); stored != c {
		t.Errorf("a refused guest changed %+v to %+v", c, stored)
	}
}

func testRedeemConcurrent(t *testing.T, s chat.Store) {
	if err := s.Invite(t.Context(), invitation("c", "hash")); err != nil {
		t.Fatal(err)
	}
	var in atomic.Int32
	together(writers, func(i int) {
		_, err := s.Redeem(t.Context(), redemption("hash", "", start, wire.Participant{ID: fmt.Sprint("guest", i), Role: wire.RoleVisitor}))
		if err == nil {
			in.Add(1)
			return
		}
		refused(t, err, wire.CodeInvitationInvalid)
	})
	if n := len(participants(t, s, "c")); in.Load() != 1 || n != 2 {
		t.Errorf("%d guests were let in and %d participants are stored, want 1 and 2", in.Load(), n)
	}
}

func testRedeemExpired(t *testing.T, s chat.Store) {
	if err := s.Invite(t.Context(), invitation("c", "hash")); err != nil {
		t.Fatal(err)
	}
	guest := wire.Participant{ID: "guest", Role: wire.RoleVisitor}
	_, err := s.Redeem(t.Context(), redemption("hash", "", start+100, guest))
	refused(t, err, wire.CodeInvitationInvalid)
	if _, err := s.Redeem(t.Context(), redemption("hash", "", start+99, guest)); err != nil {
		t.Errorf("a moment before it expires: %v", err)
	}
	// Making a new one must not take a valid one along.
	if err := s.Invite(t.Context(), invitation("c", "valid")); err != nil {
		t.Fatal(err)
	}
	later := invitation("c", "later")
	later.CreatedAt, later.ExpiresAt = start+50, start+150
	if err := s.Invite(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	for _, hash := range []string{"valid", "later"} {
		if _, err := s.Redeem(t.Context(), redemption(hash, "", start+60, wire.Participant{ID: hash, Role: wire.RoleVisitor})); err != nil {
			t.Errorf("%s: %v", hash, err)
		}
	}
}

func testRedeemAgain(t *testing.T, s chat.Store) {
	for _, hash := range []string{"hash", "other", "without"} {
		if err := s.Invite(t.Context(), invitation("c", hash)); err != nil {
			t.Fatal(err)
		}
	}
	guest := wire.Participant{ID: "guest", Role: wire.RoleVisitor, Name: "Guest"}
	first, err := s.Redeem(t.Context(), redemption("hash", "nonce", start+99, guest))
	if err != nil || first.Again || first.Participant != guest {
		t.Fatalf("at first: %+v, %v", first, err)
	}
	// The invitation itself has expired by now.
	for now := start + 99; now < start+299; now += 50 {
		again, err := s.Redeem(t.Context(), redemption("hash", "nonce", now, wire.Participant{ID: "another", Role: wire.RoleVisitor, Name: "Another"}))
		want := chat.Redeemed{Conversation: first.Conversation, Participant: guest, Again: true}
		if err != nil || again != want {
			t.Errorf("again: %+v, %v; want %+v", again, err, want)
		}
	}
	if _, err := s.Redeem(t.Context(), redemption("without", "", start, wire.Participant{ID: "third", Role: wire.RoleVisitor})); err != nil {
		t.Fatal(err)
	}
	refuse := func(hash, nonce string, now wire.Time) {
		t.Helper()
		_, err := s.Redeem(t.Context(), redemption(hash, nonce, now, wire.Participant{ID: "thief", Role: wire.RoleVisitor}))
		refused(t, err, wire.CodeInvitationInvalid)
	}
	refuse("hash", "guess", start+99)
	refuse("hash", "", start+99)
	refuse("hash", "nonce", start+299)
	refuse("without", "", start)
	refuse("without", "nonce", start)
	if err := s.Revoke(t.Context(), chat.Revocation{Subject: "guest", At: start + 100, ExpiresAt: start + 1000}); err != nil {
		t.Fatal(err)
	}
	refuse("hash", "nonce", start+101) // who has left does not come back by it
	if all := participants(t, s, "c"); len(all) != 3 {
		t.Errorf("the participants are %+v", all)
	}
	if _, err := s.Redeem(t.Context(), redemption("other", "nonce", start+99, wire.Participant{ID: "fourth", Role: wire.RoleVisitor})); err != nil {
		t.Errorf("another invitation by the same nonce: %v", err)
	}
}

func testRedeemAgainConcurrent(t *testing.T, s chat.Store) {
	if err := s.Invite(t.Context(), invitation("c", "hash")); err != nil {
		t.Fatal(err)
	}
	var first atomic.Int32
	ids := make([]string, writers)
	together(writers, func(i int) {
		r, err := s.Redeem(t.Context(), redemption("hash", "nonce", start, wire.Participant{ID: fmt.Sprint("guest", i), Role: wire.RoleVisitor}))
		if err != nil {
			t.Errorf("try %d: %v", i, err)
		}
		if !r.Again {
			first.Add(1)
		}
		ids[i] = r.Participant.ID
	})
	if n := len(participants(t, s, "c")); first.Load() != 1 || n != 2 || len(slices.Compact(ids)) != 1 {
		t.Errorf("%d came in at first, as %q; %d participants", first.Load(), ids, n)
	}
}

func testInviteFirst(t *testing.T, s chat.Store) {
	inv := invitation("c", "hash")
	if err := s.Invite(t.Context(), inv); err != nil {
		t.Fatal(err)
	}
	c := conversation(t, s, "c")
	if d := cmp.Diff(chat.Conversation{ID: "c", Site: inv.Site, CreatedAt: start, UpdatedAt: start, Rev: c.Rev}, c); d != "" {
		t.Errorf("the conversation (-want +got):\n%s", d)
	}
	same(t, "participants", participants(t, s, "c"), []wire.Participant{inv.Inviter})
	second := invitation("c", "hash2")
	if err := s.Invite(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if after := conversation(t, s, "c"); after.Rev != c.Rev {
		t.Errorf("a second invitation raised rev from %d to %d", c.Rev, after.Rev)
	}
	if m := add(t, s, message("c", "host", "k1")); m.Seq != 1 || m.Rev != c.Rev+1 {
		t.Errorf("the first message has seq %d and rev %d, want 1 and %d", m.Seq, m.Rev, c.Rev+1)
	}
	if err := s.Invite(t.Context(), inv); err == nil {
		t.Error("the same code was taken twice")
	}
}
