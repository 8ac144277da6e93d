package chat

import (
	"context"
	"time"

	"chatbot/widget/wire"
)

var (
	errNotYours  = wire.NewError(wire.CodeForbidden, "Only who wrote a message may change it.")
	errTooLate   = wire.NewError(wire.CodeTooLate, "It is too late to change this message.")
	errNoEmoji   = wire.NewError(wire.CodeInvalidField, "A reaction must be exactly one emoji.")
	errStreaming = wire.NewError(wire.CodeStreamConflict, "This message is still being written.")
	errDeleted   = wire.NewError(wire.CodeMessageDeleted, "This message has been deleted.")
)

// Edit gives one of the caller's messages another text; the same text again
// changes nothing. Refusals: those of wire.ValidateBody, wire.CodeNotFound,
// wire.CodeForbidden, wire.CodeTooLate, wire.CodeMessageDeleted.
func (s *Service) Edit(ctx context.Context, c Caller, messageID, body string) (wire.Message, error) {
	if err := wire.ValidateBody(body); err != nil {
		return wire.Message{}, err
	}
	now := s.time()
	return s.update(ctx, c, messageID, func(m *wire.Message) error {
		switch {
		case !c.owns(m):
			return errNotYours
		case m.DeletedAt != nil:
			return errDeleted
		case m.Status == wire.StatusStreaming:
			return errStreaming
		case m.Body == body:
			return nil
		case tooLate(m, now):
			return errTooLate
		}
		m.Body, m.EditedAt = body, &now
		return nil
	})
}

// Remove deletes one of the caller's messages: it stays in its place without a
// text and without reactions. Refusals: wire.CodeNotFound, wire.CodeForbidden,
// wire.CodeTooLate.
func (s *Service) Remove(ctx context.Context, c Caller, messageID string) (wire.Message, error) {
	now := s.time()
	m, err := s.update(ctx, c, messageID, func(m *wire.Message) error {
		switch {
		case !c.owns(m):
			return errNotYours
		case m.DeletedAt != nil:
			return nil
		case tooLate(m, now):
			return errTooLate
		case m.Status == wire.StatusStreaming:
			m.Status = wire.StatusStopped
		}
		m.Body, m.DeletedAt = "", &now
		return nil
	})
	if st := s.streams.get(messageID); err == nil && st != nil {
		s.streams.end(st)
	}
	return m, err
}

// React adds the caller's emoji to a message or takes it away; where that is so
// already nothing changes. Refusals: wire.CodeInvalidField for what is not
// exactly one emoji, and those of Store.React.
func (s *Service) React(ctx context.Context, c Caller, messageID, emoji string, on bool) (wire.Message, error) {
	if !isEmoji(emoji) {
		return wire.Message{}, errNoEmoji
	}
	m, changed, err := s.store.React(ctx, Reaction{
		ConversationID: c.Conversation, MessageID: messageID, Emoji: emoji,
		By: c.Participant, On: on, Now: s.time(),
	})
	m = s.formatted(m)
	if err == nil && changed {
		s.announceUpdate(ctx, m, c.Socket)
	}
	return m, err
}

// update changes a message and tells everyone.
func (s *Service) update(ctx context.Context, c Caller, messageID string, change func(*wire.Message) error) (wire.Message, error) {
	m, changed, err := s.store.UpdateMessage(ctx, c.Conversation, messageID, s.time(), change)
	m = s.formatted(m)
	if err == nil && changed {
		s.announceUpdate(ctx, m, c.Socket)
	}
	return m, err
}

// owns reports whether the caller may change m: a visitor what they wrote, the
// site what was said in its name.
func (c Caller) owns(m *wire.Message) bool {
	if c.Participant.Role == wire.RoleVisitor {
		return m.Author.ID == c.Participant.ID
	}
	return m.Author.Role != wire.RoleVisitor
}

func tooLate(m *wire.Message, now wire.Time) bool {
	return now.Time().Sub(m.CreatedAt.Time()) > wire.EditSeconds*time.Second
}
