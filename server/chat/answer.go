package chat

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"chatbot/widget/wire"
)

const (
	// answerWorkers is how many conversations are answered at the same time.
	answerWorkers = 8
	// answerTimeout bounds one try at an answer.
	answerTimeout = 60 * time.Second
	// answerTries is how often an answer is tried before the bot says that it
	// could not be made.
	answerTries = 4
	// personPause is for how long the bot keeps silent after a person spoke
	// for the site.
	personPause = time.Hour
	// answerHistory is how many messages the responder is shown.
	answerHistory = 20
)

const answerFailed = "Sorry, I could not work out an answer just now. Please ask again in a moment, or leave your question here for a person."

// Run gives the answers owed until ctx ends, those left over from an earlier
// run first. An answer that was begun is stored before Run returns, or is still
// owed at the next start.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	workers.Go(func() { s.endInterrupted(ctx) })
	defer workers.Wait()
	defer cancel()
	debts, err := s.store.Debts(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the answers owed: %w", err)
	}
	for _, d := range debts {
		s.answers.add(d)
	}
	for range answerWorkers {
		workers.Go(func() {
			for {
				d, ok := s.answers.next(ctx)
				if !ok {
					return
				}
				s.settle(ctx, d)
				s.answers.done(d)
			}
		})
	}
	workers.Wait()
	s.saveStreams()
	return nil
}

// settle answers d, or leaves it owed if ctx ends before.
func (s *Service) settle(ctx context.Context, d Debt) {
	log := s.log.With("conversation", d.ConversationID, "message", d.MessageID)
	for try := 1; ; try++ {
		err := s.tryToSettle(ctx, d, try >= answerTries)
		if err == nil || ctx.Err() != nil {
			return
		}
		log.Warn("answer not given", "try", try, "error", err)
		if !pause(ctx, backOff(try)) {
			return
		}
	}
}

func (s *Service) tryToSettle(ctx context.Context, d Debt, lastTry bool) error {
	silent, err := s.personSpoke(ctx, d.ConversationID, d.CreatedAt)
	if err != nil {
		return err
	}
	history, _, err := s.store.History(ctx, d.ConversationID, 0, 1<<62, answerHistory)
	if err != nil {
		return err
	}
	if asked := slices.IndexFunc(history, func(m wire.Message) bool { return m.ID == d.MessageID }); asked >= 0 {
		d.Body = history[asked].Body // as it is now
		silent = silent || history[asked].DeletedAt != nil
	}
	if silent {
		_, err := s.store.SettleAnswer(ctx, d, nil)
		return err
	}
	answer, st, err := s.respond(ctx, d, said(history))
	if st != nil {
		s.conclude(ctx, st, answer, err)
		return nil
	}
	if err != nil {
		if !lastTry || ctx.Err() != nil {
			return err
		}
		s.log.Error("answer given up", "conversation", d.ConversationID, "error", err)
		answer = Answer{Body: answerFailed}
	}
	stored, err := s.settleWith(ctx, d, s.newAnswer(d, answer))
	if err == nil && stored.Created {
		s.announce(ctx, s.formatted(stored.Message), Socket{})
	}
	return err
}

func (s *Service) newAnswer(d Debt, answer Answer) NewMessage {
	return NewMessage{
		ID:             newID(),
		ConversationID: d.ConversationID,
		ClientID:       "answer-" + d.MessageID,
		Author:         s.bot,
		Body:           answer.Body,
		Source:         answer.Source,
		CreatedAt:      s.time(),
	}
}

func (s *Service) settleWith(ctx context.Context, d Debt, m NewMessage) (Stored, error) {
	return s.store.SettleAnswer(ctx, d, &m)
}

// respond makes an answer. Where it comes word by word, the first of them store
// it in place of the debt, and it goes on as a stream.
func (s *Service) respond(ctx context.Context, d Debt, history []wire.Message) (answer Answer, st *stream, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	patience := time.AfterFunc(answerTimeout, cancel)
	defer patience.Stop()
	quiet := s.think(ctx, d.ConversationID)
	defer quiet()
	streamer, ok := s.responder.(Streamer)
	if !ok {
		answer, err = s.responder.Respond(ctx, d.Body, history)
		return answer, nil, err
	}
	answer, err = streamer.Stream(ctx, d.Body, history, func(text string) error {
		patience.Reset(answerTimeout)
		switch {
		case text == "" || ctx.Err() != nil:
			return ctx.Err()
		case st != nil:
			return st.add(text)
		}
		quiet()
		var err error
		st, err = s.beginAnswer(ctx, d, text, cancel)
		return err
	})
	return answer, st, err
}

// beginAnswer stores the first words of an answer. It is cancelled when nobody
// wants more of it.
func (s *Service) beginAnswer(ctx context.Context, d Debt, text string, cancel func()) (*stream, error) {
	_, st, err := s.begin(ctx, s.newAnswer(d, Answer{Body: text}), Socket{}, func(m NewMessage) (Stored, error) {
		return s.settleWith(ctx, d, m)
	})
	if err == nil && st == nil {
		err = errStreamEnded // somebody else has answered
	}
	if st != nil {
		go func() {
			select {
			case <-st.ended:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return st, err
}

// conclude ends an answer that came word by word. What was said stays; it is not
// begun anew. Where the run ends meanwhile, the next one lets it fail.
func (s *Service) conclude(ctx context.Context, st *stream, answer Answer, failure error) {
	status := wire.StatusComplete
	var refusal *wire.Error
	switch {
	case st.hasEnded() || ctx.Err() != nil:
		return
	case errors.As(failure, &refusal) && refusal.Code == wire.CodeMessageTooLong:
		status = wire.StatusStopped
	case failure != nil:
		status = wire.StatusFailed
		s.log.Error("answer broken off", "conversation", st.conversation, "error", failure)
	}
	for try := 1; ; try++ {
		_, err := s.endStream(ctx, st, status, answer)
		if err == nil || try == answerTries || !pause(ctx, backOff(try)) {
			return // with an error, it fails when it has been idle
		}
		s.log.Warn("answer not ended", "conversation", st.conversation, "try", try, "error", err)
	}
}

// think shows the bot's dots until quiet is called, which may be more than once;
// none follow it.
func (s *Service) think(ctx context.Context, conversationID string) (quiet func()) {
	ctx, cancel := context.WithCancel(ctx)
	dots := wire.Signal{Type: wire.SignalThinking, Author: s.bot, TTL: int(SignalTTL.Milliseconds())}
	s.Signal(ctx, conversationID, dots, Socket{})
	var thinking sync.WaitGroup
	thinking.Go(func() {
		for pause(ctx, SignalTTL/2) {
			s.Signal(ctx, conversationID, dots, Socket{})
		}
	})
	return func() { cancel(); thinking.Wait() }
}

// said is the history without what was deleted.
func said(history []wire.Message) []wire.Message {
	return slices.DeleteFunc(history, func(m wire.Message) bool { return m.DeletedAt != nil })
}

// personSpoke reports whether a person answered so shortly before the question,
// or since, that the bot should not talk over them. The store looks at it when the
// question is stored; this is for once more before the bot answers.
func (s *Service) personSpoke(ctx context.Context, conversationID string, asked wire.Time) (bool, error) {
	return s.store.PersonSpoke(ctx, conversationID, personSince(asked))
}

// personSince is the time from which on a person's words keep the bot silent
// about what was asked then.
func personSince(asked wire.Time) wire.Time { return asked - wire.Time(personPause.Milliseconds()) }

// backOff is 0.5 to 1 s after the first try and doubles up to 30 s.
func backOff(try int) time.Duration {
	d := min(time.Second<<min(try-1, 5), 30*time.Second)
	return d/2 + rand.N(d/2)
}

// pause waits for d and reports false if ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answerQueue hands out debts so that those of one conversation are answered
// one after the other and those of different ones side by side.
type answerQueue struct {
	mu    sync.Mutex
	busy  map[string][]Debt // by conversation; what waits behind the one in work
	known map[string]bool   // message ids in the queue or in work
	ready []Debt
	wake  chan struct{}
}

func newAnswerQueue() *answerQueue {
	return &answerQueue{busy: map[string][]Debt{}, known: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// add queues d unless it is queued already.
func (q *answerQueue) add(d Debt) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.known[d.MessageID] {
		return
	}
	q.known[d.MessageID] = true
	if waiting, busy := q.busy[d.ConversationID]; busy {
		q.busy[d.ConversationID] = append(waiting, d)
		return
	}
	q.busy[d.ConversationID] = nil
	q.push(d)
}

func (q *answerQueue) push(d Debt) {
	q.ready = append(q.ready, d)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next waits for a debt to answer; false when ctx ends.
func (q *answerQueue) next(ctx context.Context) (Debt, bool) {
	for {
		if d, ok := q.pop(); ok {
			return d, ctx.Err() == nil
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return Debt{}, false
		}
	}
}

func (q *answerQueue) pop() (Debt, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ready) == 0 {
		return Debt{}, false
	}
	d := q.ready[0]
	q.ready = q.ready[1:]
	if len(q.ready) > 0 { // one wake-up may stand for several debts
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return d, true
}

// done frees the conversation for its next debt.
func (q *answerQueue) done(d Debt) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.known, d.MessageID)
	waiting := q.busy[d.ConversationID]
	if len(waiting) == 0 {
		delete(q.busy, d.ConversationID)
		return
	}
	q.busy[d.ConversationID] = waiting[1:]
	q.push(waiting[0])
}
