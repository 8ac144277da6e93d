package store

import (
	"context"
	"database/sql"
	"errors"

	"chatbot/widget/wire"
)

var errNoMessage = wire.NewError(wire.CodeNotFound, "There is no such message for you.")

// UpdateMessage implements chat.Store.
func (s *SQLite) UpdateMessage(ctx context.Context, conversationID, messageID string, now wire.Time, change func(*wire.Message) error) (m wire.Message, changed bool, err error) {
	err = s.writer.write(ctx, func(tx *transaction) error {
		m, changed, err = updateMessage(tx, conversationID, messageID, now, change)
		return err
	})
	if err != nil {
		return wire.Message{}, false, err
	}
	return m, changed, nil
}

func updateMessage(tx *transaction, conversationID, messageID string, now wire.Time, change func(*wire.Message) error) (wire.Message, bool, error) {
	before, err := findMessage(tx, conversationID, messageID)
	if err != nil {
		return before, false, err
	}
	m := before
	if err := change(&m); err != nil || sameText(m, before) {
		return before, false, err
	}
	if m.Rev, err = advance(tx, conversationID, now); err != nil {
		return m, false, err
	}
	source, err := encodeSource(m.Source)
	if err != nil {
		return m, false, err
	}
	if m.DeletedAt == nil {
		return m, true, storeText(tx, m, source)
	}
	m.Reactions = []wire.Reaction{}
	return m, true, overwriting(tx, func() error {
		if err := storeText(tx, m, source); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM reaction WHERE message_id = $1", m.ID)
		return err
	})
}

func storeText(tx *transaction, m wire.Message, source string) error {
	_, err := tx.Exec("UPDATE message SET rev = $2, body = $3, status = $4, edited_at = $5, deleted_at = $6, source = $7 WHERE id = $1",
		m.ID, m.Rev, m.Body, m.Status, orNever(m.EditedAt), orNever(m.DeletedAt), source)
	return err
}

// Streaming implements chat.Store.
func (s *SQLite) Streaming(ctx context.Context) ([]wire.Message, error) {
	return collect(ctx, s.read, scanMessage, "SELECT "+messageColumns+" FROM message WHERE status = 'streaming'")
}

// sameText reports whether a change has left everything as it was.
func sameText(a, b wire.Message) bool {
	sameSource := a.Source == b.Source || a.Source != nil && b.Source != nil && *a.Source == *b.Source
	return a.Body == b.Body && a.Status == b.Status && sameSource &&
		orNever(a.EditedAt) == orNever(b.EditedAt) && orNever(a.DeletedAt) == orNever(b.DeletedAt)
}

// findMessage is a message of the conversation.
func findMessage(tx *transaction, conversationID, messageID string) (wire.Message, error) {
	m, err := oneMessage(tx, "id = $1 AND conversation_id = $2", messageID, conversationID)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoMessage
	}
	return m, err
}

// oneMessage is the one that the condition picks.
func oneMessage(tx *transaction, condition string, args ...any) (wire.Message, error) {
	m, err := scanMessage(tx.QueryRow("SELECT "+messageColumns+" FROM message WHERE "+condition, args...))
	if err != nil {
		return m, err
	}
	one := []wire.Message{m}
	err = addReactions(context.Background(), tx, one)
	return one[0], err
}
