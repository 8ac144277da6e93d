package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

const messageColumns = "id, conversation_id, seq, rev, author_id, author_role, author_name, client_id, body, source, created_at"

// AppendMessage implements chat.Store.
func (s *SQLite) AppendMessage(ctx context.Context, m chat.NewMessage) (message wire.Message, created bool, err error) {
	err = s.writer.write(ctx, func(tx *sql.Tx) error {
		message, created, err = appendMessage(tx, m)
		return err
	})
	if err != nil {
		return wire.Message{}, false, err
	}
	return message, created, nil
}

// SettleAnswer implements chat.Store.
func (s *SQLite) SettleAnswer(ctx context.Context, debt chat.Debt, answer *chat.NewMessage) (message wire.Message, created bool, err error) {
	err = s.writer.write(ctx, func(tx *sql.Tx) error {
		message, created = wire.Message{}, false
		removed, err := tx.Exec("DELETE FROM debt WHERE message_id = $1", debt.MessageID)
		if err != nil {
			return err
		}
		if n, err := removed.RowsAffected(); err != nil || n == 0 || answer == nil {
			return err
		}
		message, created, err = appendMessage(tx, *answer)
		return err
	})
	if err != nil {
		return wire.Message{}, false, err
	}
	return message, created, nil
}

func appendMessage(tx *sql.Tx, m chat.NewMessage) (wire.Message, bool, error) {
	known, err := scanMessage(tx.QueryRow("SELECT "+messageColumns+" FROM message WHERE conversation_id = $1 AND author_id = $2 AND client_id = $3",
		m.ConversationID, m.Author.ID, m.ClientID))
	if err == nil {
		if known.Body != m.Body {
			return wire.Message{}, false, wire.NewError(wire.CodeConflict, "This clientId was used for another text before. Choose a new one for each message.")
		}
		return known, false, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return wire.Message{}, false, err
	}
	if err := ensureConversation(tx, m.ConversationID, m.Site, m.CreatedAt); err != nil {
		return wire.Message{}, false, err
	}
	author := wire.Participant{ID: m.Author.ID, Role: m.Author.Role, Name: m.Author.Name}
	if _, err := ensureParticipant(tx, m.ConversationID, author, m.CreatedAt); err != nil {
		return wire.Message{}, false, err
	}
	message, err := insertMessage(tx, m)
	if err == nil && m.OwesAnswer {
		_, err = tx.Exec("INSERT INTO debt (message_id, conversation_id, created_at) VALUES ($1, $2, $3)", m.ID, m.ConversationID, m.CreatedAt)
	}
	return message, err == nil, err
}

func insertMessage(tx *sql.Tx, m chat.NewMessage) (wire.Message, error) {
	message := wire.Message{
		ID: m.ID, ConversationID: m.ConversationID, ClientID: m.ClientID,
		Author: m.Author, Role: m.Author.Role, Kind: wire.KindText, Body: m.Body, Status: wire.StatusComplete,
		CreatedAt: m.CreatedAt, Reactions: []wire.Reaction{}, Attachments: []wire.Attachment{}, Source: m.Source,
	}
	source := ""
	if m.Source != nil {
		encoded, err := json.Marshal(m.Source)
		if err != nil {
			return message, err
		}
		source = string(encoded)
	}
	err := tx.QueryRow("UPDATE conversation SET last_seq = last_seq + 1, rev = rev + 1, updated_at = $2 WHERE id = $1 RETURNING last_seq, rev",
		m.ConversationID, m.CreatedAt).Scan(&message.Seq, &message.Rev)
	if err != nil {
		return message, err
	}
	_, err = tx.Exec("INSERT INTO message ("+messageColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		m.ID, m.ConversationID, message.Seq, message.Rev, m.Author.ID, m.Author.Role, m.Author.Name, m.ClientID, m.Body, source, m.CreatedAt)
	return message, err
}

// Debts implements chat.Store.
func (s *SQLite) Debts(ctx context.Context) ([]chat.Debt, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT debt.conversation_id, debt.message_id, message.body, debt.created_at FROM debt JOIN message ON message.id = debt.message_id ORDER BY debt.created_at, message.seq")
	if err != nil {
		return nil, unavailable(err)
	}
	return collect(rows, func(rows *sql.Rows) (d chat.Debt, err error) {
		err = rows.Scan(&d.ConversationID, &d.MessageID, &d.Body, &d.CreatedAt)
		return d, err
	})
}

// Changes implements chat.Store.
func (s *SQLite) Changes(ctx context.Context, conversationID string, since int64, limit int) (messages []wire.Message, rev int64, more bool, err error) {
	// The conversation's rev is read first: what is written in between shows
	// up as a message, and never as a rev that skips one.
	c, err := s.Conversation(ctx, conversationID)
	if isNotFound(err) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	messages, more, err = s.messages(ctx, limit, "conversation_id = $1 AND rev > $2 ORDER BY rev", conversationID, since)
	rev = c.Rev
	if n := len(messages); n > 0 && (more || messages[n-1].Rev > rev) {
		rev = messages[n-1].Rev
	}
	return messages, rev, more, err
}

// History implements chat.Store.
func (s *SQLite) History(ctx context.Context, conversationID string, after, before int64, limit int) (messages []wire.Message, more bool, err error) {
	if before <= 0 {
		return s.messages(ctx, limit, "conversation_id = $1 AND seq > $2 ORDER BY seq", conversationID, after)
	}
	messages, more, err = s.messages(ctx, limit, "conversation_id = $1 AND seq > $2 AND seq < $3 ORDER BY seq DESC", conversationID, after, before)
	for i, j := 0, len(messages)-1; i < j; i, j = i+1, j-1 {
		messages[i], messages[j] = messages[j], messages[i]
	}
	return messages, more, err
}

// messages reads up to limit, and whether there is one more.
func (s *SQLite) messages(ctx context.Context, limit int, where string, args ...any) ([]wire.Message, bool, error) {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM message WHERE %s LIMIT %d", messageColumns, where, limit+1), args...)
	if err != nil {
		return nil, false, unavailable(err)
	}
	all, err := collect(rows, func(rows *sql.Rows) (wire.Message, error) { return scanMessage(rows) })
	if len(all) > limit {
		return all[:limit], true, err
	}
	return all, false, err
}

func scanMessage(row interface{ Scan(...any) error }) (wire.Message, error) {
	m := wire.Message{Kind: wire.KindText, Status: wire.StatusComplete, Reactions: []wire.Reaction{}, Attachments: []wire.Attachment{}}
	var source string
	err := row.Scan(&m.ID, &m.ConversationID, &m.Seq, &m.Rev, &m.Author.ID, &m.Author.Role, &m.Author.Name, &m.ClientID, &m.Body, &source, &m.CreatedAt)
	m.Role = m.Author.Role
	if err == nil && source != "" {
		err = json.Unmarshal([]byte(source), &m.Source)
	}
	return m, err
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return all, unavailable(err)
		}
		all = append(all, v)
	}
	return all, unavailable(rows.Err())
}
