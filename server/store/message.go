package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

const messageColumns = "id, conversation_id, seq, rev, author_id, author_role, author_name, client_id, body, source, created_at, status, edited_at, deleted_at, reply_to"

// AppendMessage implements chat.Store.
func (s *SQLite) AppendMessage(ctx context.Context, m chat.NewMessage) (stored chat.Stored, err error) {
	err = s.writer.write(ctx, func(tx *transaction) error {
		stored, err = appendMessage(tx, m)
		return err
	})
	if err != nil {
		return chat.Stored{}, err
	}
	return stored, nil
}

// SettleAnswer implements chat.Store.
func (s *SQLite) SettleAnswer(ctx context.Context, debt chat.Debt, answer *chat.NewMessage) (stored chat.Stored, err error) {
	err = s.writer.write(ctx, func(tx *transaction) error {
		stored, err = settleAnswer(tx, debt, answer)
		return err
	})
	if err != nil {
		return chat.Stored{}, err
	}
	return stored, nil
}

func settleAnswer(tx *transaction, debt chat.Debt, answer *chat.NewMessage) (chat.Stored, error) {
	removed, err := tx.Exec("DELETE FROM debt WHERE message_id = $1", debt.MessageID)
	if err != nil {
		return chat.Stored{}, err
	}
	n, err := removed.RowsAffected()
	if err != nil || n == 0 || answer == nil {
		return chat.Stored{}, err
	}
	return appendMessage(tx, *answer)
}

// appendMessage takes three statements in the common case, where the author has
// spoken before: they are most of what the writer does.
func appendMessage(tx *transaction, m chat.NewMessage) (stored chat.Stored, err error) {
	next, err := nextPlace(tx, m)
	if errors.Is(err, sql.ErrNoRows) {
		if stored.Message, err = knownMessage(tx, m); err != nil || stored.ID != "" {
			return stored, err
		}
		next, err = firstPlace(tx, m)
	}
	if err != nil {
		return stored, err
	}
	if err := checkReply(tx, m); err != nil { // not before: what is known stays so
		return stored, err
	}
	name, err := speak(tx, m, next)
	if err != nil {
		return stored, err
	}
	m.Author.Name = cmp.Or(m.Author.Name, name)
	if stored.Message, err = insertMessage(tx, m, next); err != nil {
		return stored, err
	}
	stored.Created = true
	stored.OwesAnswer = m.OwesAnswer && (m.PersonSince == 0 || next.spokeAt < m.PersonSince)
	if stored.OwesAnswer {
		_, err = tx.Exec("INSERT INTO debt (message_id) VALUES ($1)", m.ID)
	}
	return stored, err
}

// place is where a message comes in its conversation, and when an agent last
// spoke there.
type place struct {
	seq, rev int64
	spokeAt  wire.Time
}

// nextPlace counts m as a change of its conversation. It finds no row where
// there is no conversation, or m's author has stored something under m's client
// id before. The numbers come of updating the row rather than of looking for the
// highest, so writers of one conversation queue up in any engine.
func nextPlace(tx *transaction, m chat.NewMessage) (next place, err error) {
	var spoke wire.Time
	if m.Author.Role == wire.RoleAgent {
		spoke = m.CreatedAt
	}
	err = tx.QueryRow(`UPDATE conversation SET last_seq = last_seq + 1, rev = rev + 1, updated_at = $2, spoke_at = CASE WHEN $3 > spoke_at THEN $3 ELSE spoke_at END
		WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM message WHERE conversation_id = $1 AND author_id = $4 AND client_id = $5)
		RETURNING last_seq, rev, spoke_at`,
		m.ConversationID, m.CreatedAt, spoke, m.Author.ID, m.ClientID).Scan(&next.seq, &next.rev, &next.spokeAt)
	return next, err
}

// firstPlace is nextPlace in a conversation that is not stored yet.
func firstPlace(tx *transaction, m chat.NewMessage) (place, error) {
	if err := beginConversation(tx, m.ConversationID, m.Site, m.CreatedAt); err != nil {
		return place{}, err
	}
	return nextPlace(tx, m)
}

// speak marks what m's author has read, which is as far as their own message, and
// is the name they have. Whoever was not in the conversation is from now on: at
// the message's rev, since one of its own would leave a gap before the message
// for all who follow the conversation's events.
func speak(tx *transaction, m chat.NewMessage, at place) (name string, err error) {
	err = tx.QueryRow("UPDATE participant SET read_seq = $3, changed_rev = $4 WHERE conversation_id = $1 AND id = $2 RETURNING name",
		m.ConversationID, m.Author.ID, at.seq, at.rev).Scan(&name)
	if !errors.Is(err, sql.ErrNoRows) {
		return name, err
	}
	p := wire.Participant{ID: m.Author.ID, Role: m.Author.Role, Name: m.Author.Name, ReadSeq: at.seq}
	p, err = addParticipant(tx, m.ConversationID, p, at.rev, m.CreatedAt)
	return p.Name, err
}

// knownMessage is what m's author has stored under m's client id, or empty. Of a
// text that has changed since, nobody can tell whether it was the same.
func knownMessage(tx *transaction, m chat.NewMessage) (wire.Message, error) {
	known, err := oneMessage(tx, "conversation_id = $1 AND author_id = $2 AND client_id = $3", m.ConversationID, m.Author.ID, m.ClientID)
	if errors.Is(err, sql.ErrNoRows) {
		return wire.Message{}, nil
	}
	if err == nil && known.Body != m.Body && m.Status != wire.StatusStreaming && known.EditedAt == nil && known.DeletedAt == nil {
		return wire.Message{}, wire.NewError(wire.CodeConflict, "This clientId was used for another text before. Choose a new one for each message.")
	}
	return known, err
}

func insertMessage(tx *transaction, m chat.NewMessage, at place) (wire.Message, error) {
	message := textMessage()
	message.ID, message.ConversationID, message.ClientID = m.ID, m.ConversationID, m.ClientID
	message.Author, message.Role = m.Author, m.Author.Role
	message.Seq, message.Rev = at.seq, at.rev
	message.Body, message.Source, message.CreatedAt = m.Body, m.Source, m.CreatedAt
	message.Status, message.ReplyTo = cmp.Or(m.Status, wire.StatusComplete), m.ReplyTo

	source, err := encodeSource(m.Source)
	if err != nil {
		return message, err
	}
	_, err = tx.Exec("INSERT INTO message ("+messageColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, $13)",
		m.ID, m.ConversationID, message.Seq, message.Rev, m.Author.ID, m.Author.Role, m.Author.Name, m.ClientID, m.Body, source, m.CreatedAt,
		message.Status, m.ReplyTo)
	return message, err
}

// checkReply refuses to answer what is not there.
func checkReply(tx *transaction, m chat.NewMessage) error {
	if m.ReplyTo == "" {
		return nil
	}
	var n int
	err := tx.QueryRow("SELECT 1 FROM message WHERE id = $1 AND conversation_id = $2 AND deleted_at = 0", m.ReplyTo, m.ConversationID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return wire.NewError(wire.CodeInvalidField, "replyTo must be the id of a message of this conversation that is not deleted.")
	}
	return err
}

// PersonSpoke implements chat.Store.
func (s *SQLite) PersonSpoke(ctx context.Context, conversationID string, since wire.Time) (spoke bool, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM conversation WHERE id = $1 AND spoke_at > 0 AND spoke_at >= $2)", conversationID, since).Scan(&spoke)
	return spoke, unavailable(err)
}

// Debts implements chat.Store.
func (s *SQLite) Debts(ctx context.Context) ([]chat.Debt, error) {
	return collect(ctx, s.read, scanDebt,
		"SELECT m.conversation_id, m.id, m.body, m.created_at FROM debt JOIN message m ON m.id = debt.message_id ORDER BY m.created_at, m.seq, m.id")
}

func scanDebt(row scanner) (d chat.Debt, err error) {
	err = row.Scan(&d.ConversationID, &d.MessageID, &d.Body, &d.CreatedAt)
	return d, err
}

// Changes implements chat.Store.
func (s *SQLite) Changes(ctx context.Context, conversationID string, since int64, limit int) (c chat.Changes, err error) {
	// How far the conversation is must be read first: a change in between then
	// brings its message along, or is found by the next call, never skipped.
	err = s.read.QueryRowContext(ctx, "SELECT rev, last_seq FROM conversation WHERE id = $1", conversationID).Scan(&c.Rev, &c.LastSeq)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Changes{}, nil
	}
	if err != nil || c.Rev <= since {
		c.Rev = max(c.Rev, since)
		return c, unavailable(err)
	}
	if c.Messages, c.More, err = s.messages(ctx, limit, "conversation_id = $1 AND rev > $2 ORDER BY rev", conversationID, since); err != nil {
		return chat.Changes{}, err
	}
	last := since
	if n := len(c.Messages); n > 0 {
		last = c.Messages[n-1].Rev
	}
	if c.More {
		c.Rev = last
	}
	c.Rev = max(c.Rev, last)
	c.Participants, err = s.participants(ctx, conversationID, since)
	return c, err
}

// History implements chat.Store.
func (s *SQLite) History(ctx context.Context, conversationID string, after, before int64, limit int) (messages []wire.Message, more bool, err error) {
	if before <= 0 {
		return s.messages(ctx, limit, "conversation_id = $1 AND seq > $2 ORDER BY seq", conversationID, after)
	}
	messages, more, err = s.messages(ctx, limit, "conversation_id = $1 AND seq < $2 ORDER BY seq DESC", conversationID, before)
	slices.Reverse(messages)
	return messages, more, err
}

// messages reads up to limit of those that the condition on $1 and $2 picks,
// and whether there are more.
func (s *SQLite) messages(ctx context.Context, limit int, condition string, args ...any) ([]wire.Message, bool, error) {
	limit = max(limit, 0)
	all, err := collect(ctx, s.read, scanMessage,
		"SELECT "+messageColumns+" FROM message WHERE "+condition+" LIMIT $3", append(args, limit+1)...)
	if err != nil {
		return nil, false, err
	}
	more := len(all) > limit
	all = all[:min(len(all), limit)]
	return all, more, addReactions(ctx, s.read, all)
}

// textMessage is what all messages have in common so far.
func textMessage() wire.Message {
	return wire.Message{Kind: wire.KindText, Reactions: []wire.Reaction{}, Attachments: []wire.Attachment{}}
}

func scanMessage(row scanner) (wire.Message, error) {
	m := textMessage()
	var source string
	var edited, deleted wire.Time
	err := row.Scan(&m.ID, &m.ConversationID, &m.Seq, &m.Rev, &m.Author.ID, &m.Author.Role, &m.Author.Name, &m.ClientID, &m.Body, &source, &m.CreatedAt,
		&m.Status, &edited, &deleted, &m.ReplyTo)
	m.Role, m.EditedAt, m.DeletedAt = m.Author.Role, given(edited), given(deleted)
	if err == nil && source != "" {
		err = json.Unmarshal([]byte(source), &m.Source)
	}
	return m, err
}

// given is the time, or nil where it is 0: never.
func given(t wire.Time) *wire.Time {
	if t == 0 {
		return nil
	}
	return &t
}

// orNever is the stored form of a time that may not be.
func orNever(t *wire.Time) wire.Time {
	if t == nil {
		return 0
	}
	return *t
}

// encodeSource is JSON, or empty where there is no source.
func encodeSource(source *wire.Source) (string, error) {
	if source == nil {
		return "", nil
	}
	encoded, err := json.Marshal(source)
	return string(encoded), err
}
