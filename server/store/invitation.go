package store

import (
	"context"
	"database/sql"
	"errors"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Invite implements chat.Store. It also clears away what has expired.
func (s *SQLite) Invite(ctx context.Context, inv chat.Invitation) error {
	return s.writer.write(ctx, func(tx *transaction) error {
		if _, err := tx.Exec("DELETE FROM invitation WHERE expires_at <= $1", inv.CreatedAt); err != nil {
			return err
		}
		if _, err := join(tx, inv.ConversationID, inv.Site, inv.Inviter, inv.CreatedAt); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO invitation (code_hash, conversation_id, expires_at) VALUES ($1, $2, $3)",
			inv.CodeHash, inv.ConversationID, inv.ExpiresAt)
		return err
	})
}

// Redeem implements chat.Store.
func (s *SQLite) Redeem(ctx context.Context, codeHash string, now wire.Time, p wire.Participant) (c chat.Conversation, err error) {
	err = s.writer.write(ctx, func(tx *transaction) error {
		c, err = redeem(tx, codeHash, now, p)
		return err
	})
	if err != nil {
		return chat.Conversation{}, err
	}
	return c, nil
}

func redeem(tx *transaction, codeHash string, now wire.Time, p wire.Participant) (chat.Conversation, error) {
	var id string
	err := tx.QueryRow("DELETE FROM invitation WHERE code_hash = $1 AND expires_at > $2 RETURNING conversation_id", codeHash, now).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Conversation{}, wire.NewError(wire.CodeInvitationInvalid, "This invitation was used before or has expired. Ask for a new one.")
	}
	if err != nil {
		return chat.Conversation{}, err
	}
	if _, err := join(tx, id, "", p, now); err != nil {
		return chat.Conversation{}, err
	}
	return scanConversation(tx.QueryRow("SELECT "+conversationColumns+" FROM conversation WHERE id = $1", id))
}
