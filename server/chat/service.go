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

// typingEvery is how often one participant's typing is announced at most.
const typingEvery = time.Second

// presenceEvery is how often the same presence is announced at most.
const presenceEvery = 25 * time.Second

// InvitationLifetime is how long an invitation's code may be used.
const InvitationLifetime = 15 * time.Minute

// RejoinTime is for how long after that whoever used it may repeat it.
const RejoinTime = 15 * time.Minute

// Options are what a Service is made of. Store, Publisher and Responder are
// required.
type Options struct {
	Store     Store
	Publisher Publisher
	Responder Responder
	// Format makes the tree of what bots and agents write; nil where they write
	// plain text. What it returns is not written to.
	Format func(markdown string) []wire.Node
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
	format    func(string) []wire.Node
	bot       wire.Author
	now       Clock
	log       *slog.Logger

	changed *watch
	signals *signals
	streams *streams
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
		format:    o.Format,
		bot:       wire.Author{ID: "bot", Role: wire.RoleBot, Name: o.BotName},
		now:       o.Clock,
		log:       o.Logger,
		changed:   newWatch(),
		signals:   newSignals(),
		streams:   newStreams(),
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

// SignIn is the conversation of a user whom the site has vouched for, and
// whether it is stored already. Where it is not, it is named as by Begin, and
// the user is given the same one on every device.
func (s *Service) SignIn(ctx context.Context, site string, u wire.User) (session wire.Session, known bool, err error) {
	found, err := s.store.Identify(ctx, Identity{
		Site: site, UserID: u.ID, Name: u.Name,
		Conversation: newID(), Participant: newID(), CreatedAt: s.time(),
	})
	if err != nil {
		return wire.Session{}, false, err
	}
	if found.Rev > 0 {
		s.announceParticipant(ctx, found.Conversation.ID, found.Participant, found.Rev, Socket{})
	}
	return wire.Session{
		Conversation: found.Conversation,
		Participant:  found.Participant,
		Cursor:       wire.Cursor{Epoch: s.store.Epoch()},
	}, found.Stored, nil
}

// Send stores what the caller says and announces it. The same client id again
// gives the stored message and created=false. Refusals: those of
// wire.SendRequest.Validate, wire.CodeConflict, wire.CodeUnavailable.
func (s *Service) Send(ctx context.Context, c Caller, r wire.SendRequest) (m wire.Message, created bool, err error) {
	if err := r.Validate(); err != nil {
		return m, false, err
	}
	author := wire.Author{ID: c.Participant.ID, Role: c.Participant.Role, Name: c.Participant.Name}
	if r.Status != "" && author.Role == wire.RoleVisitor {
		return m, false, wire.NewError(wire.CodeForbidden, "status may be set with the server key only.")
	}
	message := NewMessage{
		ID:             newID(),
		ConversationID: c.Conversation,
		ClientID:       r.ClientID,
		Author:         author,
		Body:           r.Body,
		ReplyTo:        r.ReplyTo,
		CreatedAt:      s.time(),
		Site:           c.Site,
	}
	if author.Role == wire.RoleVisitor {
		message.OwesAnswer, message.PersonSince = true, personSince(message.CreatedAt)
	}
	put := func(message NewMessage) (Stored, error) { return s.store.AppendMessage(ctx, message) }
	if r.Status == wire.StatusStreaming {
		m, st, err := s.begin(ctx, message, c.Socket, put)
		return s.formatted(m), st != nil, err
	}
	stored, err := put(message)
	m = s.formatted(stored.Message)
	if err != nil || !stored.Created {
		return m, false, err
	}
	s.announce(ctx, m, c.Socket)
	if stored.OwesAnswer {
		s.answers.add(Debt{ConversationID: m.ConversationID, MessageID: m.ID, Body: m.Body, CreatedAt: m.CreatedAt})
	}
	return m, true, nil
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
	// Reader is the participant who reads, and is not told their own signals.
	Reader string
}

// Messages answers r. A cursor of another epoch gets everything from the start.
func (s *Service) Messages(ctx context.Context, conversationID string, r Read) (wire.Page, error) {
	if r.Since == nil {
		return s.history(ctx, conversationID, r)
	}
	if err := s.Await(ctx, conversationID, &r); err != nil {
		return wire.Page{}, err
	}
	since := r.Since.Rev
	if r.Since.Epoch != s.store.Epoch() {
		since = 0
	}
	found, err := s.store.Changes(ctx, conversationID, since, r.Limit)
	return s.page(conversationID, r.Reader, found), err
}

// Await does the waiting of r: it returns when there is something to tell, or
// the wait has ended.
func (s *Service) Await(ctx context.Context, conversationID string, r *Read) error {
	if r.Since == nil || r.Wait <= 0 {
		return nil
	}
	changed := make(chan struct{})
	stop, news, err := s.Watch(ctx, conversationID, r, func() { close(changed) })
	defer stop()
	if err == nil && !news {
		await(ctx, changed, r.Wait, r.Stop)
	}
	return err
}

// Watch reports whether there is news for r, which has a Since, and has wake
// called once when there may be some, unless stop is called before; a call that
// is under way is not waited for. wake must return promptly. Thousands watch at
// once: one holds no more than the function.
func (s *Service) Watch(ctx context.Context, conversationID string, r *Read, wake func()) (stop func(), news bool, err error) {
	stop = s.changed.on(conversationID, wake)
	news, err = s.hasNews(ctx, conversationID, r)
	return stop, news, err
}

// hasNews reports whether there is something to tell now.
func (s *Service) hasNews(ctx context.Context, conversationID string, r *Read) (bool, error) {
	if r.Since.Epoch != s.store.Epoch() || signalTag(s.signals.active(conversationID, r.Reader, s.now())) != r.Signals {
		return true, nil
	}
	c, err := s.conversation(ctx, conversationID)
	return c.Rev != r.Since.Rev, err
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
	found := Changes{Rev: c.Rev, LastSeq: c.LastSeq}
	if found.Messages, found.More, err = s.store.History(ctx, id, after, before, r.Limit); err != nil {
		return wire.Page{}, err
	}
	found.Participants, err = s.store.Participants(ctx, id)
	return s.page(id, r.Reader, found), err
}

// page is what was found, and what every answer tells beside it.
func (s *Service) page(id, reader string, c Changes) wire.Page {
	for i, m := range c.Messages { // some may have come since LastSeq was read
		c.LastSeq = max(c.LastSeq, m.Seq)
		c.Messages[i] = s.formatted(m)
	}
	signals := s.signals.active(id, reader, s.now())
	return wire.Page{
		Messages:     orEmpty(c.Messages),
		Participants: orEmpty(c.Participants),
		Signals:      signals,
		SignalTag:    signalTag(signals),
		Cursor:       wire.Cursor{Epoch: s.store.Epoch(), Rev: c.Rev},
		Epoch:        s.store.Epoch(),
		HasMore:      c.More,
		LastSeq:      c.LastSeq,
	}
}

// formatted is m with its text as far as it has come, and the tree of that. It
// is made whenever it is read: it can be derived, and follows the program.
func (s *Service) formatted(m wire.Message) wire.Message {
	if m.Status == wire.StatusStreaming {
		if st := s.streams.get(m.ID); st != nil {
			m.Body = st.soFar()
		}
	}
	if s.format != nil && m.Body != "" && (m.Role == wire.RoleBot || m.Role == wire.RoleAgent) {
		m.Content = s.format(m.Body)
	}
	return m
}

// orEmpty makes a list that JSON does not call null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// conversation is the stored state, or that of one in which nothing has been
// said yet.
func (s *Service) conversation(ctx context.Context, id string) (Conversation, error) {
	c, err := s.store.Conversation(ctx, id)
	if isNotFound(err) {
		return Conversation{ID: id, CreatedAt: s.time()}, nil
	}
	return c, err
}

// Badge is what the launcher needs to know.
func (s *Service) Badge(ctx context.Context, c Caller) (wire.Badge, error) {
	badge, err := s.store.Badge(ctx, c.Conversation, c.Participant.ID)
	if isNotFound(err) {
		return wire.Badge{Conversation: wire.Conversation{ID: c.Conversation, CreatedAt: s.time()}}, nil
	}
	return badge, err
}

// MarkRead notes that the caller has read up to seq and has received all up to
// delivered, and is the read mark that counts. Refusal: wire.CodeInvalidField
// where there is no such message.
func (s *Service) MarkRead(ctx context.Context, c Caller, seq, delivered int64) (readSeq int64, err error) {
	p, rev, changed, err := s.store.MarkRead(ctx, c.Conversation, c.Participant.ID, seq, delivered, s.time())
	if err == nil && changed {
		s.announceParticipant(ctx, c.Conversation, p, rev, c.Socket)
	}
	return p.ReadSeq, err
}

// Revoke stores that a participant's tokens are refused. Whoever refuses them
// then ends the reads that still wait for an answer, by Wake.
func (s *Service) Revoke(ctx context.Context, r Revocation) error { return s.store.Revoke(ctx, r) }

// Erase removes a conversation for good: all that was said in it, who is in it, and
// which user of a site it belongs to. What is refused from then on stands in r. It
// gives the ids of the participants, whose connections are to be ended;
// wire.CodeNotFound where there is nothing of the conversation.
func (s *Service) Erase(ctx context.Context, id string, r Revocation) (participants []string, err error) {
	if participants, err = s.store.Erase(ctx, id, r); err != nil {
		return nil, err
	}
	s.signals.drop(id)
	s.Wake(id)
	return participants, nil
}

// Revocations are those that still count.
func (s *Service) Revocations(ctx context.Context) ([]Revocation, error) {
	return s.store.Revocations(ctx, s.time())
}

// Wake has all who wait for the conversation look again.
func (s *Service) Wake(conversationID string) { s.changed.announce(conversationID) }

func isNotFound(err error) bool {
	var refusal *wire.Error
	return errors.As(err, &refusal) && refusal.Code == wire.CodeNotFound
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
	changed := make(chan struct{})
	stop := s.changed.on(everything, func() { close(changed) })
	defer stop()
	list, err := s.store.Conversations(ctx, r.Limit)
	if err != nil || r.Wait <= 0 || len(list) > 0 && list[0].UpdatedAt > r.After {
		return list, err
	}
	wait := r.Wait
	if len(list) > 0 && s.now().Sub(list[0].UpdatedAt.Time()) < settleTime {
		wait = min(wait, settleTime)
	}
	if !await(ctx, changed, wait, r.Stop) {
		return list, nil
	}
	return s.store.Conversations(ctx, r.Limit)
}

// settleTime is for how long after a change there may be another that is stored
// later and not newer, since they are stored in any order and counted in
// milliseconds. For so long nobody waits longer, so that it is seen.
const settleTime = time.Second

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

// Join uses an invitation up. The same again with the same nonce, of which hashes
// are given and which may be empty for none, is the same participant for
// RejoinTime: known is then true. Refusal: wire.CodeInvitationInvalid.
func (s *Service) Join(ctx context.Context, codeHash, nonceHash, name string) (session wire.Session, known bool, err error) {
	now := s.now()
	r, err := s.store.Redeem(ctx, Redemption{
		CodeHash: codeHash, NonceHash: nonceHash,
		Participant: wire.Participant{ID: newID(), Role: wire.RoleVisitor, Name: name},
		Now:         wire.TimeOf(now), Until: wire.TimeOf(now.Add(RejoinTime)),
	})
	if err != nil {
		return wire.Session{}, false, err
	}
	if !r.Again {
		s.announceParticipant(ctx, r.Conversation.ID, r.Participant, r.Conversation.Rev, Socket{})
	}
	return wire.Session{
		Conversation: wire.Conversation{ID: r.Conversation.ID, CreatedAt: r.Conversation.CreatedAt},
		Participant:  r.Participant,
		Cursor:       wire.Cursor{Epoch: s.store.Epoch()},
	}, r.Again, nil
}

// Signal tells everyone in the conversation about something passing.
func (s *Service) Signal(ctx context.Context, conversationID string, signal wire.Signal, except Socket) {
	s.signals.set(conversationID, signal, s.now())
	s.publish(ctx, conversationID, wire.EventSignal, signal, except)
	s.changed.wake(conversationID)
}

// Typing tells everyone else that the caller has begun to type, or ended. Who
// says so more often than once in typingEvery is announced no more often.
func (s *Service) Typing(ctx context.Context, c Caller, on bool) error {
	author, err := s.author(ctx, c)
	if err != nil {
		return err
	}
	signal := wire.Signal{Type: wire.SignalIdle, Author: author}
	if on {
		signal.Type, signal.TTL = wire.SignalTyping, wire.TypingTTL
	}
	if s.signals.due(c.Conversation, author.ID, typingEvery, s.now()) {
		s.Signal(ctx, c.Conversation, signal, c.Socket)
		return nil
	}
	s.signals.set(c.Conversation, signal, s.now())
	return nil
}

// Presence tells everyone else that the caller is online, away or offline: when
// that has changed, and again after presenceEvery. Refusal:
// wire.CodeInvalidField.
func (s *Service) Presence(ctx context.Context, c Caller, state wire.SignalType) error {
	if !state.Presence() {
		return wire.NewError(wire.CodeInvalidField, "state must be online, away or offline.")
	}
	return s.present(ctx, c, state, false)
}

// present tells of a participant's state. One that was only concluded gives way
// to what they say of themselves meanwhile.
func (s *Service) present(ctx context.Context, c Caller, state wire.SignalType, concluded bool) error {
	id, every := c.Participant.ID, time.Duration(0)
	before := s.signals.presence(c.Conversation, id, s.now())
	if before == state {
		every = presenceEvery
	}
	if before == wire.SignalOffline && state == before || !s.signals.due(c.Conversation, "presence "+id, every, s.now()) {
		return nil
	}
	author, err := s.author(ctx, c)
	if err != nil {
		return err
	}
	signal := wire.Signal{Type: state, Author: author}
	if state != wire.SignalOffline {
		signal.TTL = wire.PresenceTTL
	}
	if !s.signals.follow(c.Conversation, signal, before, concluded, s.now()) {
		return nil
	}
	s.publish(ctx, c.Conversation, wire.EventSignal, signal, c.Socket)
	if before != state {
		s.changed.wake(c.Conversation)
	}
	return nil
}

// Seen notes that the caller is here: online, or still away.
func (s *Service) Seen(ctx context.Context, c Caller) {
	state := s.signals.presence(c.Conversation, c.Participant.ID, s.now())
	if state == wire.SignalOffline {
		state = wire.SignalOnline
	}
	if err := s.present(ctx, c, state, true); err != nil {
		s.log.Debug("presence not told", "conversation", c.Conversation, "error", err)
	}
}

// author is the caller as the others know them: a visitor's name stands in the
// store, not in the token.
func (s *Service) author(ctx context.Context, c Caller) (wire.Author, error) {
	author := wire.Author{ID: c.Participant.ID, Role: c.Participant.Role, Name: c.Participant.Name}
	if author.Name != "" {
		return author, nil
	}
	all, err := s.store.Participants(ctx, c.Conversation)
	for _, p := range all {
		if p.ID == author.ID {
			author.Name = p.Name
		}
	}
	return author, err
}

// announce tells everyone of a message that is stored.
func (s *Service) announce(ctx context.Context, m wire.Message, except Socket) {
	s.signals.end(m.ConversationID, m.Author.ID)
	event := wire.MessageEvent{Message: &m, Rev: m.Rev, Epoch: s.store.Epoch()}
	s.changed.announce(m.ConversationID)
	s.publish(ctx, m.ConversationID, wire.EventMessageReceived, event, except)
}

// announceUpdate tells everyone of a message that has changed.
func (s *Service) announceUpdate(ctx context.Context, m wire.Message, except Socket) {
	event := wire.MessageEvent{Message: &m, Rev: m.Rev, Epoch: s.store.Epoch()}
	s.changed.announce(m.ConversationID)
	s.publish(ctx, m.ConversationID, wire.EventMessageUpdated, event, except)
}

// announceParticipant tells everyone of a participant who has joined or changed.
func (s *Service) announceParticipant(ctx context.Context, conversationID string, p wire.Participant, rev int64, except Socket) {
	event := wire.ParticipantEvent{Participant: p, Rev: rev, Epoch: s.store.Epoch()}
	s.changed.announce(conversationID)
	s.publish(ctx, conversationID, wire.EventParticipantUpdated, event, except)
}

// publish sends an event. Losing it harms nobody: it is a hint, and who misses
// it asks the store. What it tells of is stored, so it is sent also where the
// caller has gone meanwhile.
func (s *Service) publish(ctx context.Context, conversationID, event string, v any, except Socket) {
	data, err := encodeEvent(v)
	if err == nil {
		err = s.publisher.Publish(context.WithoutCancel(ctx), wire.Channel(conversationID), event, data, except)
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
