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
func (s *SQLite) Redeem(ctx context.Context, r chat.Redemption) (redeemed chat.Redeemed, err error) {
	err = s.writer.write(ctx, func(tx *transaction) error {
		redeemed, err = redeem(tx, r)
		return err
	})
	if err != nil {
		return chat.Redeemed{}, err
	}
	return redeemed, nil
}

func redeem(tx *transaction, r chat.Redemption) (redeemed chat.Redeemed, err error) {
	id, guest, err := useInvitation(tx, r)
	if err != nil {
		return redeemed, err
	}
	redeemed.Again = guest != r.Participant.ID
	if redeemed.Again {
		redeemed.Participant, _, err = participant(tx, id, guest)
	} else {
		redeemed.Participant, err = join(tx, id, "", r.Participant, r.Now)
	}
	if err != nil {
		return redeemed, err
	}
	redeemed.Conversation, err = scanConversation(tx.QueryRow("SELECT "+conversationColumns+" FROM conversation WHERE id = $1", id))
	return redeemed, err
}

// useInvitation is the conversation to which an invitation leads, and as whom: r's
// own participant, or whoever has come by it with the same nonce.
func useInvitation(tx *transaction, r chat.Redemption) (conversationID, participantID string, err error) {
	var nonceHash string
	err = tx.QueryRow("SELECT conversation_id, participant_id, nonce_hash FROM invitation WHERE code_hash = $1 AND expires_at > $2", r.CodeHash, r.Now).
		Scan(&conversationID, &participantID, &nonceHash)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && participantID != "" && nonceHash != r.NonceHash:
		return "", "", wire.NewError(wire.CodeInvitationInvalid, "This invitation was used before or has expired. Ask for a new one.")
	case err != nil || participantID != "":
		return conversationID, participantID, err
	case r.NonceHash == "":
		_, err = tx.Exec("DELETE FROM invitation WHERE code_hash = $1", r.CodeHash)
	default:
		_, err = tx.Exec("UPDATE invitation SET participant_id = $2, nonce_hash = $3, expires_at = $4 WHERE code_hash = $1",
			r.CodeHash, r.Participant.ID, r.NonceHash, r.Until)
	}
	return conversationID, r.Participant.ID, err
}
