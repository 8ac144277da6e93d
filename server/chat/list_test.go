package chat_test

import (
	"testing"
	"time"

	"chatbot/server/chat"
)

// Two changes of one millisecond: whoever has seen the first and waits for what is
// after it sees the second soon, and not at the end of the wait.
func TestConversationsOfOneInstant(t *testing.T) {
	h := newHouse(t)
	h.begin(t)
	list, err := h.Conversations(t.Context(), chat.ReadList{Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	h.begin(t) // at the same time by h's clock
	began := time.Now()
	list, err = h.Conversations(t.Context(), chat.ReadList{After: list[0].UpdatedAt, Limit: 10, Wait: time.Minute})
	if err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if waited := time.Since(began); waited > 30*time.Second {
		t.Errorf("it came after %s", waited)
	}
}
