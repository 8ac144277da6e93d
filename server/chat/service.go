package chat

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"chatbot/widget/wire"
)

// SignalTTL is how long the bot's dots hold unless they are sent again. The
// answer itself ends them earlier.
const SignalTTL = 10 * time.Second

// InvitationLifetime is how long an invitation's code may be used.
const InvitationLifetime = 15 * time.Minute

// Options are what a Service is made of. Store, Publisher and Responder are
// required.
type Options struct {
	Store     Store
	Publisher Publisher
	Responder Responder
	// BotName is the name that the bot's messages carry.
	BotName string
	Clock   Clock
	Logger  *slog.Logger
}

// Service is the domain's way in. Make it with New, and Run it so that answers
// are given.
type Service struct {
	store     Store
	publisher Publisher
	responder Responder
	bot       wire.Author
	now       Clock
	log       *slog.Logger

	changed *watch
	signals *signals
	answers *answerQueue
}

// Caller is who asks: a participant of one conversation, as authorization has
// established it.
type Caller struct {
	Participant  wire.Participant
	Conversation string
	// Site is the origin of the page the caller is on.
	Site string
	// Socket is the caller's own realtime connection, or none.
	Socket Socket
}

// New makes a Service.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{
		store:     o.Store,
		publisher: o.Publisher,
		responder: o.Responder,
		bot:       wire.Author{ID: "bot", Role: wire.RoleBot, Name: o.BotName},
		now:       o.Clock,
		log:       o.Logger,
		changed:   newWatch(),
		signals:   newSignals(),
		answers:   newAnswerQueue(),
	}
}

// Begin names a new conversation and its first participant. Nothing is stored
// until something is said, so a crawler leaves no trace.
func (s *Service) Begin() wire.Session {
	return wire.Session{
		Conversation: wire.Conversation{ID: newID(), CreatedAt: s.time()},
		Participant:  wire.Participant{ID: newID(), Role: wire.RoleVisitor},
		Cursor:       wire.Cursor{Epoch: s.store.Epoch()},
	}
}

// Send stores what the caller says and announces it. The same client id again
// gives the stored message and created=false. Refusals: those of
// wire.SendRequest.Validate, wire.CodeConflict, wire.CodeUnavailable.
func (s *Service) Send(ctx context.Context, c Caller, r wire.SendRequest) (m wire.Message, created bool, err error) {
	if err := r.Validate(); err != nil {
		return m, false, err
	}
	author, err := s.author(ctx, c)
	if err != nil {
		return m, false, err
	}
	m, created, err = s.store.AppendMessage(ctx, NewMessage{
		ID:             newID(),
		ConversationID: c.Conversation,
		ClientID:       r.ClientID,
		Author:         author,
		Body:           r.Body,
		CreatedAt:      s.time(),
		Site:           c.Site,
		OwesAnswer:     author.Role == wire.RoleVisitor,
	})
	if err != nil || !created {
		return m, false, err
	}
	s.announce(ctx, m, c.Socket)
	if author.Role == wire.RoleVisitor {
		s.answers.add(Debt{ConversationID: m.ConversationID, MessageID: m.ID, Body: m.Body, CreatedAt: m.CreatedAt})
	}
	return m, true, nil
}

// author is the caller under the name that the others know.
func (s *Service) author(ctx context.Context, c Caller) (wire.Author, error) {
	author := wire.Author{ID: c.Participant.ID, Role: c.Participant.Role, Name: c.Participant.Name}
	if author.Name != "" || author.Role != wire.RoleVisitor {
		return author, nil
	}
	known, err := s.store.Participants(ctx, c.Conversation)
	if err != nil {
		return author, err
	}
	for _, p := range known {
		if p.ID == author.ID {
			author.Name = p.Name
		}
	}
	return author, nil
}

// Read is what a reader asks for: all that changed since a cursor, waiting up
// to Wait for something to change; or with After or Before a stretch of
// history. At most one of the three is set; none means the latest messages.
type Read struct {
	Since  *wire.Cursor
	After  *int64
	Before *int64
	Limit  int
	// Signals is the SignalTag of the page that the reader has: others that
	// hold now end the wait too. Wait is for reads with Since.
	Signals string
	Wait    time.Duration
	// Stop, where it is given, ends the wait when it is closed.
	Stop <-chan struct{}
}

// Messages answers r. A cursor of another epoch gets everything from the start.
func (s *Service) Messages(ctx context.Context, conversationID string, r Read) (wire.Page, error) {
	if r.Since == nil {
		return s.history(ctx, conversationID, r)
	}
	since := r.Since.Rev
	if r.Since.Epoch != s.store.Epoch() {
		since = 0
	}
	changed, stop := s.changed.on(conversationID)
	defer stop()
	page, err := s.changes(ctx, conversationID, since, r.Limit)
	if err != nil || r.Wait <= 0 || page.Cursor.Rev != since || r.Since.Epoch != page.Epoch || page.SignalTag != r.Signals {
		return page, err
	}
	if !await(ctx, changed, r.Wait, r.Stop) {
		return page, nil
	}
	return s.changes(ctx, conversationID, since, r.Limit)
}

func (s *Service) changes(ctx context.Context, id string, since int64, limit int) (wire.Page, error) {
	messages, rev, more, err := s.store.Changes(ctx, id, since, limit)
	if err != nil {
		return wire.Page{}, err
	}
	page, err := s.page(ctx, id, messages, more)
	page.Cursor.Rev = rev
	return page, err
}

func (s *Service) history(ctx context.Context, id string, r Read) (wire.Page, error) {
	after, before := int64(0), int64(0)
	switch {
	case r.After != nil:
		after = *r.After
	case r.Before != nil:
		before = *r.Before
	default:
		before = 1 << 62
	}
	// The conversation is read first: a change in between is then found by the
	// cursor, never skipped.
	c, err := s.conversation(ctx, id)
	if err != nil {
		return wire.Page{}, err
	}
	messages, more, err := s.store.History(ctx, id, after, before, r.Limit)
	if err != nil {
		return wire.Page{}, err
	}
	page, err := s.page(ctx, id, messages, more)
	page.Cursor.Rev = c.Rev
	return page, err
}

// page wraps messages in what every answer tells beside them.
func (s *Service) page(ctx context.Context, id string, messages []wire.Message, more bool) (wire.Page, error) {
	participants, err := s.store.Participants(ctx, id)
	if err != nil {
		return wire.Page{}, err
	}
	c, err := s.conversation(ctx, id)
	if err != nil {
		return wire.Page{}, err
	}
	if messages == nil {
		messages = []wire.Message{}
	}
	if participants == nil {
		participants = []wire.Participant{}
	}
	signals := s.signals.active(id, s.now())
	return wire.Page{
		Messages:     messages,
		Participants: participants,
		Signals:      signals,
		SignalTag:    signalTag(signals),
		Cursor:       wire.Cursor{Epoch: s.store.Epoch()},
		Epoch:        s.store.Epoch(),
		HasMore:      more,
		LastSeq:      c.LastSeq,
	}, nil
}

// conversation is the stored state, or that of one in which nothing has been
// said yet.
func (s *Service) conversation(ctx context.Context, id string) (Conversation, error) {
	c, err := s.store.Conversation(ctx, id)
	var refusal *wire.Error
	if errors.As(err, &refusal) && refusal.Code == wire.CodeNotFound {
		return Conversation{ID: id, CreatedAt: s.time()}, nil
	}
	return c, err
}

// Badge is what the launcher needs to know. What the caller has not written
// after counts as unread.
func (s *Service) Badge(ctx context.Context, c Caller) (wire.Badge, error) {
	stored, err := s.conversation(ctx, c.Conversation)
	if err != nil {
		return wire.Badge{}, err
	}
	badge := wire.Badge{Conversation: wire.Conversation{ID: stored.ID, CreatedAt: stored.CreatedAt}, LastSeq: stored.LastSeq}
	messages, _, err := s.store.History(ctx, c.Conversation, 0, stored.LastSeq+1, wire.MaxPageSize)
	for _, m := range messages {
		if m.Author.ID == c.Participant.ID {
			badge.ReadSeq, badge.Unread = m.Seq, 0
		} else {
			badge.Unread++
		}
	}
	return badge, err
}

// Exists reports as an error whether a conversation is stored: nil, or
// wire.CodeNotFound.
func (s *Service) Exists(ctx context.Context, id string) error {
	_, err := s.store.Conversation(ctx, id)
	return err
}

// ReadList asks for conversations: at most Limit, waiting up to Wait while none
// has changed after After. Stop, where it is given, ends the wait.
type ReadList struct {
	After wire.Time
	Limit int
	Wait  time.Duration
	Stop  <-chan struct{}
}

// Conversations are the latest ones, newest first.
func (s *Service) Conversations(ctx context.Context, r ReadList) ([]Conversation, error) {
	changed, stop := s.changed.on(everything)
	defer stop()
	list, err := s.store.Conversations(ctx, r.Limit)
	if err != nil || r.Wait <= 0 || len(list) > 0 && list[0].UpdatedAt > r.After {
		return list, err
	}
	if !await(ctx, changed, r.Wait, r.Stop) {
		return list, nil
	}
	return s.store.Conversations(ctx, r.Limit)
}

// await reports whether changed was closed before the wait ended.
func await(ctx context.Context, changed <-chan struct{}, wait time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
	case <-stop:
	case <-ctx.Done():
	}
	return false
}

// Invite stores an invitation by the hash of its code.
func (s *Service) Invite(ctx context.Context, c Caller, codeHash string) (expires wire.Time, err error) {
	now := s.now()
	expires = wire.TimeOf(now.Add(InvitationLifetime))
	return expires, s.store.Invite(ctx, Invitation{
		CodeHash:       codeHash,
		ConversationID: c.Conversation,
		Inviter:        c.Participant,
		Site:           c.Site,
		CreatedAt:      wire.TimeOf(now),
		ExpiresAt:      expires,
	})
}

// Join uses an invitation up. Refusal: wire.CodeInvitationInvalid.
func (s *Service) Join(ctx context.Context, codeHash, name string) (wire.Session, error) {
	p := wire.Participant{ID: newID(), Role: wire.RoleVisitor, Name: name}
	c, err := s.store.Redeem(ctx, codeHash, s.time(), p)
	if err != nil {
		return wire.Session{}, err
	}
	s.publish(ctx, c.ID, wire.EventParticipantUpdated, wire.ParticipantEvent{Participant: p, Rev: c.Rev, Epoch: s.store.Epoch()}, Socket{})
	s.changed.announce(c.ID)
	return wire.Session{
		Conversation: wire.Conversation{ID: c.ID, CreatedAt: c.CreatedAt},
		Participant:  p,
		Cursor:       wire.Cursor{Epoch: s.store.Epoch()},
	}, nil
}

// Signal tells everyone in the conversation about something passing.
func (s *Service) Signal(ctx context.Context, conversationID string, signal wire.Signal, except Socket) {
	s.signals.set(conversationID, signal, s.now())
	s.publish(ctx, conversationID, wire.EventSignal, signal, except)
	s.changed.announce(conversationID)
}

// announce tells everyone of a message that is stored.
func (s *Service) announce(ctx context.Context, m wire.Message, except Socket) {
	s.signals.end(m.ConversationID, m.Author.ID)
	event := wire.MessageEvent{Message: &m, Rev: m.Rev, Epoch: s.store.Epoch()}
	s.publish(ctx, m.ConversationID, wire.EventMessageReceived, event, except)
	s.changed.announce(m.ConversationID)
}

// publish sends an event. Losing it harms nobody: it is a hint, and who misses
// it asks the store.
func (s *Service) publish(ctx context.Context, conversationID, event string, v any, except Socket) {
	data, err := encodeEvent(v)
	if err == nil {
		err = s.publisher.Publish(ctx, wire.Channel(conversationID), event, data, except)
	}
	if err != nil {
		s.log.Warn("event not published", "event", event, "conversation", conversationID, "error", err)
	}
}

// encodeEvent leaves the message out where it would not pass as an event.
func encodeEvent(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if e, ok := v.(wire.MessageEvent); ok && err == nil && len(data) > wire.MaxEventBytes {
		return json.Marshal(wire.MessageEvent{Rev: e.Rev, Epoch: e.Epoch, Partial: true})
	}
	return data, err
}

func (s *Service) time() wire.Time { return wire.TimeOf(s.now()) }

func newID() string { return uuid.Must(uuid.NewV7()).String() }
