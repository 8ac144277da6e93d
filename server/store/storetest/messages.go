package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

func testAppend(t *testing.T, s chat.Store) {
	m := message("c", "ann", "k1")
	got := add(t, s, m)
	want := wire.Message{
		ID: m.ID, ConversationID: "c", Seq: 1, Rev: got.Rev, ClientID: "k1",
		Author: m.Author, Role: wire.RoleVisitor, Kind: wire.KindText, Body: m.Body,
		Status: wire.StatusComplete, CreatedAt: start,
		Reactions: []wire.Reaction{}, Attachments: []wire.Attachment{},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what append returns (-want +got):\n%s", d)
	}
	same(t, "what is stored", history(t, s, "c"), []wire.Message{want})
	if got.Rev < 1 {
		t.Errorf("rev is %d, want at least 1", got.Rev)
	}
	c := conversation(t, s, "c")
	if d := cmp.Diff(chat.Conversation{ID: "c", Site: m.Site, CreatedAt: start, UpdatedAt: start, LastSeq: 1, Rev: got.Rev}, c); d != "" {
		t.Errorf("the conversation (-want +got):\n%s", d)
	}
	same(t, "participants", participants(t, s, "c"), []wire.Participant{{ID: "ann", Role: wire.RoleVisitor, Name: "Name of ann", ReadSeq: 1, DeliveredSeq: 1}})
}

func testIdempotency(t *testing.T, s chat.Store) {
	first := add(t, s, message("c", "ann", "k1"))
	before := conversation(t, s, "c")

	again := message("c", "ann", "k1")
	again.ID, again.CreatedAt, again.OwesAnswer = "another-id", start+1, true
	got, err := s.AppendMessage(t.Context(), again)
	if err != nil || got.Created {
		t.Errorf("again: created=%v, %v", got.Created, err)
	}
	if d := cmp.Diff(first, got.Message); d != "" {
		t.Errorf("again (-first +got):\n%s", d)
	}

	again.Body = "Something else"
	if got, err = s.AppendMessage(t.Context(), again); got.Created || got.ID != "" {
		t.Errorf("another body: created=%v, %+v", got.Created, got)
	}
	refused(t, err, wire.CodeConflict)
	if after := conversation(t, s, "c"); after != before {
		t.Errorf("repeating changed the conversation from %+v to %+v", before, after)
	}
	same(t, "debts", debts(t, s), nil)

	other := add(t, s, message("c", "bob", "k1"))
	if other.Seq != 2 {
		t.Errorf("another author's message with the same client id has seq %d, want 2", other.Seq)
	}
	if elsewhere := add(t, s, message("d", "ann", "k1")); elsewhere.Seq != 1 {
		t.Errorf("the first message of another conversation has seq %d, want 1", elsewhere.Seq)
	}
}

func testIdempotencyConcurrent(t *testing.T, s chat.Store) {
	ids := make([]string, writers)
	created := make([]bool, writers)
	together(writers, func(i int) {
		m := message("c", "ann", "k1")
		m.ID = fmt.Sprint("try-", i)
		got, err := s.AppendMessage(t.Context(), m)
		if err != nil {
			t.Error(err)
		}
		ids[i], created[i] = got.ID, got.Created
	})
	all := history(t, s, "c")
	if len(all) != 1 {
		t.Fatalf("%d messages are stored, want 1", len(all))
	}
	for i, id := range ids {
		if id != all[0].ID || created[i] != (id == fmt.Sprint("try-", i)) {
			t.Errorf("writer %d was told %s (created=%v), stored is %s", i, id, created[i], all[0].ID)
		}
	}
}

func testOrder(t *testing.T, s chat.Store) {
	const each = 25
	told := make([][]wire.Message, writers)
	together(writers, func(i int) {
		for k := range each {
			for _, c := range []string{"one", "two"} {
				m, err := s.AppendMessage(t.Context(), message(c, fmt.Sprint("p", i), fmt.Sprint("k", k)))
				if err != nil {
					t.Error(err)
					return
				}
				told[i] = append(told[i], m.Message)
			}
		}
	})
	for _, c := range []string{"one", "two"} {
		all := history(t, s, c)
		if len(all) != writers*each {
			t.Errorf("%s has %d messages, want %d", c, len(all), writers*each)
		}
		rev := int64(0)
		for i, m := range all {
			if m.Seq != int64(i+1) || m.Rev <= rev {
				t.Fatalf("%s: message %d has seq %d and rev %d after rev %d", c, i+1, m.Seq, m.Rev, rev)
			}
			rev = m.Rev
		}
		if stored := conversation(t, s, c); stored.LastSeq != writers*each || stored.Rev != rev {
			t.Errorf("%s is at seq %d and rev %d, its last message at %d and %d", c, stored.LastSeq, stored.Rev, writers*each, rev)
		}
		for i, mine := range told {
			mine = slices.DeleteFunc(slices.Clone(mine), func(m wire.Message) bool { return m.ConversationID != c })
			stored := slices.DeleteFunc(slices.Clone(all), func(m wire.Message) bool { return m.Author.ID != fmt.Sprint("p", i) })
			same(t, fmt.Sprintf("what writer %d was told of %s", i, c), mine, stored)
		}
	}
}

func testChanges(t *testing.T, s chat.Store) {
	var want []wire.Message
	for k := range 5 {
		want = append(want, add(t, s, message("c", "ann", fmt.Sprint("k", k))))
	}
	add(t, s, message("other", "ann", "k0"))
	end := conversation(t, s, "c").Rev
	for _, c := range []struct {
		since int64
		limit int
		want  []wire.Message
		rev   int64
		more  bool
	}{
		{0, 10, want, end, false},
		{0, 5, want, end, false},
		{0, 4, want[:4], want[3].Rev, true},
		{0, 0, nil, 0, true},
		{want[0].Rev, 2, want[1:3], want[2].Rev, true},
		{want[2].Rev, 2, want[3:], end, false},
		{end, 2, nil, end, false},
		{end, 0, nil, end, false},
	} {
		got := changes(t, s, "c", c.since, c.limit)
		if got.Rev != c.rev || got.More != c.more || got.LastSeq != 5 {
			t.Errorf("since %d limit %d: %+v, want rev=%d more=%v", c.since, c.limit, got, c.rev, c.more)
		}
		same(t, fmt.Sprintf("since %d limit %d", c.since, c.limit), got.Messages, c.want)
	}
}

func testChangesWithoutMessage(t *testing.T, s chat.Store) {
	m := add(t, s, message("c", "ann", "k1"))
	if err := s.Invite(t.Context(), invitation("c", "hash")); err != nil {
		t.Fatal(err)
	}
	redeemed, err := s.Redeem(t.Context(), redemption("hash", "", start, wire.Participant{ID: "guest", Role: wire.RoleVisitor}))
	if err != nil {
		t.Fatal(err)
	}
	got := changes(t, s, "c", m.Rev, 10)
	if len(got.Messages) != 0 || got.More || got.Rev != redeemed.Conversation.Rev || got.Rev <= m.Rev {
		t.Errorf("changes after a guest joined: %+v; the conversation is at %d, its message at %d", got, redeemed.Conversation.Rev, m.Rev)
	}
}

// testFollow reads by cursor while others write, as a poll does.
func testFollow(t *testing.T, s chat.Store) {
	const each = 25
	written := make(chan struct{})
	go func() {
		defer close(written)
		together(writers, func(i int) {
			for k := range each {
				if _, err := s.AppendMessage(t.Context(), message("c", fmt.Sprint("p", i), fmt.Sprint("k", k))); err != nil {
					t.Error(err)
				}
			}
		})
	}()
	var got []wire.Message
	cursor := int64(0)
	for ended := false; ; {
		select {
		case <-written:
			ended = true
		default:
		}
		found := changes(t, s, "c", cursor, 7)
		if found.Rev < cursor {
			t.Fatalf("changes since %d lead back to %d", cursor, found.Rev)
		}
		got, cursor = append(got, found.Messages...), found.Rev
		if ended && !found.More {
			break
		}
	}
	same(t, "what the reader got", got, history(t, s, "c"))
	if len(got) != writers*each {
		t.Errorf("the reader got %d messages, want %d", len(got), writers*each)
	}
}

func testHistory(t *testing.T, s chat.Store) {
	var all []wire.Message
	for k := range 5 {
		all = append(all, add(t, s, message("c", "ann", fmt.Sprint("k", k))))
	}
	add(t, s, message("other", "ann", "k0"))
	for _, c := range []struct {
		after, before int64
		limit         int
		want          []wire.Message
		more          bool
	}{
		{0, 0, 10, all, false},
		{0, 0, 5, all, false},
		{0, 0, 2, all[:2], true},
		{2, 0, 2, all[2:4], true},
		{3, 0, 2, all[3:], false},
		{5, 0, 2, nil, false},
		{0, 6, 2, all[3:], true},
		{0, 1 << 62, 2, all[3:], true},
		{0, 4, 2, all[1:3], true},
		{0, 3, 2, all[:2], false},
		{0, 1, 2, nil, false},
		{0, 6, 0, nil, true},
	} {
		got, more, err := s.History(t.Context(), "c", c.after, c.before, c.limit)
		what := fmt.Sprintf("after %d before %d limit %d", c.after, c.before, c.limit)
		if err != nil || more != c.more {
			t.Errorf("%s: more=%v err=%v, want more=%v", what, more, err, c.more)
		}
		same(t, what, got, c.want)
	}
}

func testContent(t *testing.T, s chat.Store) {
	for k, body := range []string{
		"plain", " spaces around \n", "'; DROP TABLE message; --", "$1 ? :name %s", "日本語 🎉 e\u0301 \u202e",
		strings.Repeat("語", wire.MaxMessageChars),
	} {
		m := message("c", "ann", fmt.Sprint("k", k))
		m.Body = body
		if k%2 == 0 {
			m.Source = &wire.Source{Title: `Ti"tle <b>`, URL: "https://site.example/?a=1&b=2#c"}
		}
		stored := add(t, s, m)
		if stored.Body != body {
			t.Errorf("body %.20q became %.20q", body, stored.Body)
		}
		all := history(t, s, "c")
		same(t, "read back", all[k:], []wire.Message{stored})
		if d := cmp.Diff(m.Source, all[k].Source); d != "" {
			t.Errorf("source (-want +got):\n%s", d)
		}
	}
}
