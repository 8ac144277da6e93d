// Package storetest holds the tests that every chat.Store must pass, whatever
// engine is beneath it. They use the store as many goroutines at once, because
// that is where engines differ.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// writers is how many goroutines write at once.
const writers = 16

// start is the instant at which every test begins.
const start = wire.Time(1767366245678)

// Open opens the store of t, empty at first. Called again in the same test,
// after the first one was closed (where it is an io.Closer), it opens the same
// data again.
type Open func(t *testing.T) chat.Store

// Run tests the stores that open gives.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, chat.Store)
	}{
		{"append fills in the message", testAppend},
		{"the same client id is stored once", testIdempotency},
		{"the same client id at the same time", testIdempotencyConcurrent},
		{"seq has no gaps and rev rises", testOrder},
		{"changes come in pages", testChanges},
		{"joining is a change without a message", testChangesWithoutMessage},
		{"a reader who follows misses nothing", testFollow},
		{"history comes in pages", testHistory},
		{"texts and sources come back as they were", testContent},
		{"what is not stored", testNotFound},
		{"conversations are listed by last change", testConversations},
		{"participants are listed by joining", testParticipants},
		{"a message changes in its place", testUpdate},
		{"a change that is none", testUpdateNothing},
		{"what is being written is found", testStreaming},
		{"a message is changed by many", testUpdateConcurrent},
		{"a deleted message keeps its place", testDelete},
		{"reactions stand in the order of their first use", testReact},
		{"a reaction that is none", testReactRefused},
		{"reactions of many at once", testReactConcurrent},
		{"a reply has something to reply to", testReply},
		{"an answer owed is known until it is settled", testDebts},
		{"a person who has spoken is known", testPersonSpoke},
		{"an answer is given once", testSettleConcurrent},
		{"a refused answer is still owed", testSettleRefused},
		{"an invitation is used once", testRedeem},
		{"an invitation is used once by many", testRedeemConcurrent},
		{"an invitation expires", testRedeemExpired},
		{"using an invitation can be repeated by who did", testRedeemAgain},
		{"using an invitation is repeated by many at once", testRedeemAgainConcurrent},
		{"inviting begins a conversation", testInviteFirst},
		{"a read mark rises and is a change", testMarkRead},
		{"a read mark of several devices", testMarkReadConcurrent},
		{"writing is reading", testOwnMessageIsRead},
		{"a badge counts what others wrote since", testBadge},
		{"a participant who changed is told to readers", testParticipantChanges},
		{"a participant without a name speaks under the known one", testKnownName},
		{"revocations are kept until they expire", testRevocations},
		{"nothing is left of an erased conversation", testErase},
		{"a user of a site has one conversation", testIdentify},
		{"a user on many devices at once", testIdentifyConcurrent},
		{"a user's new name is told", testIdentifyName},
		{"who has given up leaves no trace", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	t.Run("everything is there after opening again", func(t *testing.T) { testReopen(t, open) })
}

// message is what the visitor p says in conversation c; its id and client id
// come from key.
func message(c, p, key string) chat.NewMessage {
	return chat.NewMessage{
		ID: c + "-" + p + "-" + key, ConversationID: c, ClientID: key,
		Author: wire.Author{ID: p, Role: wire.RoleVisitor, Name: "Name of " + p},
		Body:   "Text " + key, CreatedAt: start, Site: "https://shop.example",
	}
}

// answer is what the bot says to d.
func answer(d chat.Debt, id string) *chat.NewMessage {
	return &chat.NewMessage{
		ID: id, ConversationID: d.ConversationID, ClientID: "answer-" + d.MessageID,
		Author: wire.Author{ID: "bot", Role: wire.RoleBot, Name: "Assistant"},
		Body:   "The answer", CreatedAt: start + 5, Source: &wire.Source{Title: "Page", URL: "/page"},
	}
}

// redemption can be repeated until 200 after now.
func redemption(codeHash, nonceHash string, now wire.Time, p wire.Participant) chat.Redemption {
	return chat.Redemption{CodeHash: codeHash, NonceHash: nonceHash, Participant: p, Now: now, Until: now + 200}
}

// invitation lets somebody into c until start+100.
func invitation(c, codeHash string) chat.Invitation {
	return chat.Invitation{
		CodeHash: codeHash, ConversationID: c, Site: "https://shop.example",
		Inviter:   wire.Participant{ID: "host", Role: wire.RoleVisitor, Name: "Host"},
		CreatedAt: start, ExpiresAt: start + 100,
	}
}

func add(t *testing.T, s chat.Store, m chat.NewMessage) wire.Message {
	t.Helper()
	stored, err := s.AppendMessage(t.Context(), m)
	if err != nil || !stored.Created {
		t.Fatalf("append %s: created=%v, %v", m.ID, stored.Created, err)
	}
	return stored.Message
}

func history(t *testing.T, s chat.Store, c string) []wire.Message {
	t.Helper()
	all, more, err := s.History(t.Context(), c, 0, 0, 1<<20)
	if err != nil || more {
		t.Fatalf("history: more=%v, %v", more, err)
	}
	return all
}

func changes(t *testing.T, s chat.Store, c string, since int64, limit int) chat.Changes {
	t.Helper()
	found, err := s.Changes(t.Context(), c, since, limit)
	if err != nil {
		t.Fatalf("changes: %v", err)
	}
	return found
}

func conversation(t *testing.T, s chat.Store, id string) chat.Conversation {
	t.Helper()
	c, err := s.Conversation(t.Context(), id)
	if err != nil {
		t.Fatalf("conversation: %v", err)
	}
	return c
}

func participants(t *testing.T, s chat.Store, c string) []wire.Participant {
	t.Helper()
	all, err := s.Participants(t.Context(), c)
	if err != nil {
		t.Fatalf("participants: %v", err)
	}
	return all
}

func debts(t *testing.T, s chat.Store) []chat.Debt {
	t.Helper()
	all, err := s.Debts(t.Context())
	if err != nil {
		t.Fatalf("debts: %v", err)
	}
	return all
}

func refused(t *testing.T, err error, code wire.Code) {
	t.Helper()
	var refusal *wire.Error
	if !errors.As(err, &refusal) || refusal.Code != code {
		t.Errorf("got error %v, want one with code %s", err, code)
	}
}

// same compares, taking nothing and an empty list for equal.
func same[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// together runs do in n goroutines that begin at the same moment.
func together(n int, do func(i int)) {
	var wait sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-gate
			do(i)
		})
	}
	close(gate)
	wait.Wait()
}

// closeStore closes s where it can be closed.
func closeStore(t *testing.T, s chat.Store) {
	t.Helper()
	if c, ok := s.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
}

func testReopen(t *testing.T, open Open) {
	type everything struct {
		Epoch         string
		Conversations []chat.Conversation
		Messages      []wire.Message
		Participants  []wire.Participant
		Debts         []chat.Debt
		Revocations   []chat.Revocation
	}
	read := func(s chat.Store) everything {
		list, err := s.Conversations(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		return everything{s.Epoch(), list, history(t, s, "c"), participants(t, s, "c"), debts(t, s), revocations(t, s, start)}
	}
	s := open(t)
	for i := range 3 {
		m := message("c", "ann", fmt.Sprint("k", i))
		m.OwesAnswer = true
		add(t, s, m)
	}
	if _, err := s.SettleAnswer(t.Context(), debts(t, s)[0], answer(debts(t, s)[0], "a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Invite(t.Context(), invitation("c", "hash")); err != nil {
		t.Fatal(err)
	}
	if err := s.Revoke(t.Context(), chat.Revocation{Subject: "bob", At: start, ExpiresAt: start + 100}); err != nil {
		t.Fatal(err)
	}
	mark(t, s, "c", "ann", 4)
	want := read(s)
	if !wire.ValidID(want.Epoch) || slices.Contains([]byte(want.Epoch), '-') {
		t.Errorf("the epoch %q is not an id without dashes", want.Epoch)
	}
	closeStore(t, s)

	s = open(t)
	if d := cmp.Diff(want, read(s)); d != "" {
		t.Errorf("after opening again (-before +after):\n%s", d)
	}
	if again, err := s.AppendMessage(t.Context(), message("c", "ann", "k1")); err != nil || again.Created {
		t.Errorf("a repeated message after opening again: created=%v, %v", again.Created, err)
	}
	if m := add(t, s, message("c", "ann", "k9")); m.Seq != 5 || m.Rev <= want.Conversations[0].Rev {
		t.Errorf("the next message has seq %d and rev %d after %+v", m.Seq, m.Rev, want.Conversations[0])
	}
	if _, err := s.Redeem(t.Context(), redemption("hash", "", start, wire.Participant{ID: "guest", Role: wire.RoleVisitor})); err != nil {
		t.Errorf("the invitation after opening again: %v", err)
	}
}

func testCancelled(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if again, err := s.AppendMessage(ctx, message("c", "ann", "k2")); !errors.Is(err, context.Canceled) || again.Created {
		t.Errorf("append after giving up: created=%v, %v", again.Created, err)
	}
	if _, err := s.Conversation(ctx, "c"); !errors.Is(err, context.Canceled) {
		t.Errorf("read after giving up: %v", err)
	}
	if all := history(t, s, "c"); len(all) != 1 {
		t.Errorf("%d messages are stored, want 1", len(all))
	}
}
