package chat

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"chatbot/widget/wire"
)

const (
	// deltaEvery is how often at most the new words of a message are announced.
	deltaEvery = 50 * time.Millisecond
	// storeEvery is how often at most the text so far is stored.
	storeEvery = time.Second
	// streamIdle is for how long a message may be without a new word before it
	// counts as failed: who wrote it is no more.
	streamIdle = time.Minute
	// deltaBytes is the length of what one event brings. JSON makes it six times
	// as long at most, which is below wire.MaxEventBytes.
	deltaBytes = 1200
)

var errStreamEnded = wire.NewError(wire.CodeStreamConflict, "This message is not being written any more.")

// stream is a message that is being written. Its text is ahead of the store.
type stream struct {
	conversation, id string
	written          chan struct{} // there is something to announce
	ended            chan struct{}
	storing          chan struct{} // holds something while it is stored

	mu      sync.Mutex
	message wire.Message // as it was stored last
	text    string
	sent    int // bytes announced
	stored  int // bytes stored
	closed  bool
}

// streams are those of this process, by message.
type streams struct {
	mu      sync.Mutex
	live    map[string]*stream
	running sync.WaitGroup
}

func newStreams() *streams { return &streams{live: map[string]*stream{}} }

// add makes the stream of a message that is about to be stored: what is stored
// and not known here is left over from an earlier run.
func (s *streams) add(m NewMessage) *stream {
	st := &stream{
		conversation: m.ConversationID, id: m.ID,
		text: m.Body, sent: len(m.Body), stored: len(m.Body),
		written: make(chan struct{}, 1), ended: make(chan struct{}), storing: make(chan struct{}, 1),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[m.ID] = st
	return st
}

func (s *streams) get(messageID string) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[messageID]
}

func (s *streams) all() (all []*stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.live {
		all = append(all, st)
	}
	return all
}

func (s *streams) end(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[st.id] == st {
		delete(s.live, st.id)
		close(st.ended)
	}
}

// begin stores a message that is to be written, by one of the store's ways, and
// announces it.
func (s *Service) begin(ctx context.Context, m NewMessage, except Socket, put func(NewMessage) (Stored, error)) (wire.Message, *stream, error) {
	m.Status = wire.StatusStreaming
	st := s.streams.add(m)
	stored, err := put(m)
	if err != nil || !stored.Created {
		s.streams.end(st)
		return stored.Message, nil, err
	}
	st.saved(stored.Message)
	s.announce(ctx, s.formatted(stored.Message), except)
	s.streams.running.Go(func() { s.follow(st) })
	return stored.Message, st, nil
}

// follow announces and stores what is written, until the stream has ended.
func (s *Service) follow(st *stream) {
	ctx := context.Background()
	save, idle := time.NewTicker(storeEvery), time.NewTimer(streamIdle)
	defer save.Stop()
	defer idle.Stop()
	for {
		select {
		case <-st.ended:
			return
		case <-st.written:
			idle.Reset(streamIdle)
			s.sendDelta(ctx, st)
		case <-save.C:
			s.saveStream(ctx, st)
		case <-idle.C:
			idle.Reset(streamIdle) // to try again if it cannot be stored
			if _, err := s.endStream(ctx, st, wire.StatusFailed, Answer{}); err != nil {
				s.log.Warn("stream not ended", "conversation", st.conversation, "error", err)
			}
		}
	}
}

// sendDelta announces the next words, and then keeps still for a moment, in
// which more may come.
func (s *Service) sendDelta(ctx context.Context, st *stream) {
	delta, more := st.next()
	if delta.Text == "" {
		return
	}
	s.publish(ctx, st.conversation, wire.EventMessageDelta, delta, Socket{})
	if more {
		st.wake()
	}
	timer := time.NewTimer(deltaEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-st.ended:
	}
}

// store waits until nobody else stores the stream, and gives what lets the next
// one. The store may take its time.
func (st *stream) store() (done func()) {
	st.storing <- struct{}{}
	return func() { <-st.storing }
}

// saveStream stores the text so far.
func (s *Service) saveStream(ctx context.Context, st *stream) {
	defer st.store()()
	text, news := st.unsaved()
	if !news {
		return
	}
	m, changed, err := s.store.UpdateMessage(ctx, st.conversation, st.id, s.time(), func(m *wire.Message) error {
		if m.Status == wire.StatusStreaming {
			m.Body = text
		}
		return nil
	})
	switch {
	case err != nil:
		s.log.Warn("stream not stored", "conversation", st.conversation, "error", err)
	case m.Status != wire.StatusStreaming: // deleted meanwhile
		s.streams.end(st)
	case changed:
		st.saved(m)
		s.announceUpdate(ctx, s.formatted(m), Socket{})
	}
}

// endStream stores the whole text and how it came to its end. Where it has ended
// already it stays as it is.
func (s *Service) endStream(ctx context.Context, st *stream, status wire.Status, final Answer) (wire.Message, error) {
	defer st.store()()
	text := strings.ToValidUTF8(cmp.Or(final.Body, st.shut(true)), "\ufffd")
	m, changed, err := s.store.UpdateMessage(ctx, st.conversation, st.id, s.time(), func(m *wire.Message) error {
		if m.Status != wire.StatusStreaming {
			return nil
		}
		if err := wire.ValidateBody(text); err != nil && status == wire.StatusComplete {
			return err
		}
		m.Body, m.Status, m.Source = text, status, final.Source
		return nil
	})
	if err != nil {
		st.shut(false)
		return m, err
	}
	s.streams.end(st)
	m = s.formatted(m)
	if changed {
		s.announceUpdate(ctx, m, Socket{})
	}
	return m, nil
}

// Write goes on with a message of the caller that is being written: r.Append is
// put at r.Offset, which is its end, and r.Status ends it. The same piece again
// changes nothing. Refusals: wire.CodeNotFound, wire.CodeForbidden,
// wire.CodeInvalidField, wire.CodeMessageTooLong, wire.CodeMessageEmpty, and
// wire.CodeStreamConflict where the piece does not fit or nothing more is taken.
func (s *Service) Write(ctx context.Context, c Caller, messageID string, r wire.EditRequest) (wire.Message, error) {
	if err := checkWrite(r); err != nil {
		return wire.Message{}, err
	}
	st := s.streams.get(messageID)
	if st == nil || st.conversation != c.Conversation {
		return s.update(ctx, c, messageID, func(m *wire.Message) error { // changes nothing
			switch {
			case !c.owns(m):
				return errNotYours
			case m.Status != r.Status || r.Append != "":
				return errStreamEnded
			}
			return nil
		})
	}
	m := st.last()
	if !c.owns(&m) {
		return wire.Message{}, errNotYours
	}
	if err := st.put(r.Offset, r.Append); err != nil {
		return wire.Message{}, err
	}
	if r.Status != "" {
		return s.endStream(ctx, st, r.Status, Answer{})
	}
	return s.formatted(m), nil
}

func checkWrite(r wire.EditRequest) error {
	switch r.Status {
	case "", wire.StatusComplete, wire.StatusStopped, wire.StatusFailed:
	default:
		return wire.NewError(wire.CodeInvalidField, "status must be complete, stopped or failed.")
	}
	if r.Body != "" {
		return wire.NewError(wire.CodeInvalidField, "body cannot be given together with append or status.")
	}
	if !utf8.ValidString(r.Append) || strings.ContainsRune(r.Append, 0) {
		return wire.NewError(wire.CodeInvalidField, "append must be UTF-8 text without NUL characters.")
	}
	return nil
}

// Stop ends a message that is being written, whoever writes it. One that has
// ended already stays as it is. Refusal: wire.CodeNotFound.
func (s *Service) Stop(ctx context.Context, c Caller, messageID string) (wire.Message, error) {
	if st := s.streams.get(messageID); st != nil && st.conversation == c.Conversation {
		return s.endStream(ctx, st, wire.StatusStopped, Answer{})
	}
	return s.update(ctx, c, messageID, func(m *wire.Message) error {
		if m.Status == wire.StatusStreaming {
			m.Status = wire.StatusStopped
		}
		return nil
	})
}

// endInterrupted lets fail what an earlier run was writing when it ended, as soon
// as the store takes it.
func (s *Service) endInterrupted(ctx context.Context) {
	for try := 1; ; try++ {
		err := s.failInterrupted(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.log.Warn("what was being written is not ended", "try", try, "error", err)
		if !pause(ctx, backOff(try)) {
			return
		}
	}
}

func (s *Service) failInterrupted(ctx context.Context) error {
	left, err := s.store.Streaming(ctx)
	for _, m := range left {
		if err != nil || s.streams.get(m.ID) != nil {
			continue
		}
		_, err = s.update(ctx, Caller{Conversation: m.ConversationID}, m.ID, func(m *wire.Message) error {
			if m.Status == wire.StatusStreaming {
				m.Status = wire.StatusFailed
			}
			return nil
		})
	}
	return err
}

// saveStreams stores how far the texts have come, before this run ends. The next
// one lets them fail.
func (s *Service) saveStreams() {
	for _, st := range s.streams.all() {
		s.saveStream(context.Background(), st)
		s.streams.end(st)
	}
	s.streams.running.Wait()
}

// put adds text at the offset, which must be the end, unless it is there.
func (st *stream) put(offset int, text string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case text == "":
		return nil
	case st.closed || st.hasEnded():
		return errStreamEnded
	case offset >= 0 && offset < len(st.text) && strings.HasPrefix(st.text[offset:], text):
		return nil // sent again
	case offset != len(st.text):
		return wire.NewError(wire.CodeStreamConflict, fmt.Sprintf("offset must be %d: so many bytes of UTF-8 are there.", len(st.text)))
	case utf8.RuneCountInString(st.text)+utf8.RuneCountInString(text) > wire.MaxMessageChars:
		return wire.NewError(wire.CodeMessageTooLong, fmt.Sprintf("A message may have at most %d characters.", wire.MaxMessageChars))
	}
	st.text += text
	st.wake()
	return nil
}

// add puts text at the end. One goroutine does so.
func (st *stream) add(text string) error {
	st.mu.Lock()
	end := len(st.text)
	st.mu.Unlock()
	return st.put(end, text)
}

func (st *stream) hasEnded() bool {
	select {
	case <-st.ended:
		return true
	default:
		return false
	}
}

// wake tells who follows that there is something to announce.
func (st *stream) wake() {
	select {
	case st.written <- struct{}{}:
	default:
	}
}

// next are the words to announce, and whether there are more behind them.
func (st *stream) next() (delta wire.MessageDelta, more bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	n := whole(st.text[st.sent:], deltaBytes)
	delta = wire.MessageDelta{MessageID: st.id, Offset: st.sent, Text: st.text[st.sent : st.sent+n]}
	st.sent += n
	return delta, st.sent < len(st.text)
}

// whole is the length of text, or limit, without a character that is cut off.
func whole(text string, limit int) int {
	n := min(len(text), limit)
	for start := n - 1; start >= 0 && start >= n-utf8.UTFMax; start-- {
		if utf8.RuneStart(text[start]) {
			if !utf8.FullRuneInString(text[start:n]) {
				n = start
			}
			break
		}
	}
	return n
}

// soFar is the text as far as it has come, in whole characters.
func (st *stream) soFar() string {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.text[:whole(st.text, len(st.text))]
}

// unsaved is the text in whole characters, if there is more than is stored.
func (st *stream) unsaved() (text string, news bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	n := whole(st.text, len(st.text))
	return st.text[:n], n > st.stored && !st.closed
}

func (st *stream) saved(m wire.Message) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.message, st.stored = m, len(m.Body)
}

// last is the message as it was stored last.
func (st *stream) last() wire.Message {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.message
}

// shut refuses more text from now on, or no longer, and is the text so far.
func (st *stream) shut(closed bool) string {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.closed = closed
	return st.text
}
