package store

import (
	"context"
	"database/sql"
	"errors"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

const conversationColumns = "id, site, created_at, updated_at, last_seq, rev"

func scanConversation(row interface{ Scan(...any) error }) (c chat.Conversation, err error) {
	err = row.Scan(&c.ID, &c.Site, &c.CreatedAt, &c.UpdatedAt, &c.LastSeq, &c.Rev)
	return c, err
}

// Conversation implements chat.Store.
func (s *SQLite) Conversation(ctx context.Context, id string) (chat.Conversation, error) {
	c, err := scanConversation(s.read.QueryRowContext(ctx, "SELECT "+conversationColumns+" FROM conversation WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, wire.NewError(wire.CodeNotFound, "There is no such conversation for you.")
	}
	return c, unavailable(err)
}

func isNotFound(err error) bool {
	var refusal *wire.Error
	return errors.As(err, &refusal) && refusal.Code == wire.CodeNotFound
}

// Conversations implements chat.Store.
func (s *SQLite) Conversations(ctx context.Context, limit int) ([]chat.Conversation, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+conversationColumns+" FROM conversation ORDER BY updated_at DESC, id DESC LIMIT $1", limit)
	if err != nil {
		return nil, unavailable(err)
	}
	return collect(rows, func(rows *sql.Rows) (chat.Conversation, error) { return scanConversation(rows) })
}

// Participants implements chat.Store.
func (s *SQLite) Participants(ctx context.Context, conversationID string) ([]wire.Participant, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, role, name FROM participant WHERE conversation_id = $1 ORDER BY joined_at, id", conversationID)
	if err != nil {
		return nil, unavailable(err)
	}
	return collect(rows, func(rows *sql.Rows) (p wire.Participant, err error) {
		err = rows.Scan(&p.ID, &p.Role, &p.Name)
		return p, err
	})
}

// Invite implements chat.Store.
func (s *SQLite) Invite(ctx context.Context, inv chat.Invitation) error {
	return s.writer.write(ctx, func(tx *sql.Tx) error {
		if err := ensureConversation(tx, inv.ConversationID, inv.Site, inv.CreatedAt); err != nil {
			return err
		}
		if _, err := ensureParticipant(tx, inv.ConversationID, inv.Inviter, inv.CreatedAt); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO invitation (code_hash, conversation_id, expires_at) VALUES ($1, $2, $3)", inv.CodeHash, inv.ConversationID, inv.ExpiresAt)
		return err
	})
}

// Redeem implements chat.Store.
func (s *SQLite) Redeem(ctx context.Context, codeHash string, now wire.Time, p wire.Participant) (c chat.Conversation, err error) {
	err = s.writer.write(ctx, func(tx *sql.Tx) error {
		var id string
		err := tx.QueryRow("DELETE FROM invitation WHERE code_hash = $1 AND expires_at > $2 RETURNING conversation_id", codeHash, now).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return wire.NewError(wire.CodeInvitationInvalid, "This invitation was used before or has expired. Ask for a new one.")
		}
		if err != nil {
			return err
		}
		if _, err := ensureParticipant(tx, id, p, now); err != nil {
			return err
		}
		c, err = scanConversation(tx.QueryRow("SELECT "+conversationColumns+" FROM conversation WHERE id = $1", id))
		return err
	})
	if err != nil {
		return chat.Conversation{}, err
	}
	return c, nil
}

func ensureConversation(tx *sql.Tx, id, site string, now wire.Time) error {
	_, err := tx.Exec("INSERT INTO conversation ("+conversationColumns+") VALUES ($1, $2, $3, $3, 0, 0) ON CONFLICT (id) DO NOTHING", id, site, now)
	return err
}

// ensureParticipant adds p where it is new, which is a change of the
// conversation.
func ensureParticipant(tx *sql.Tx, conversationID string, p wire.Participant, now wire.Time) (added bool, err error) {
	res, err := tx.Exec("INSERT INTO participant (conversation_id, id, role, name, joined_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		conversationID, p.ID, p.Role, p.Name, now)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	_, err = tx.Exec("UPDATE conversation SET rev = rev + 1, updated_at = $2 WHERE id = $1", conversationID, now)
	return true, err
}
