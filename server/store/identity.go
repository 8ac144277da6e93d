package store

import (
	"context"
	"database/sql"
	"errors"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Identify implements chat.Store. Only a new user and a new name cost a write.
func (s *SQLite) Identify(ctx context.Context, i chat.Identity) (found chat.Identified, err error) {
	found, err = findIdentity(ctx, s.read, i)
	if err == nil && found.Participant.Name == i.Name {
		return found, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return chat.Identified{}, unavailable(err)
	}
	err = s.writer.write(ctx, func(tx *transaction) error {
		found, err = identify(ctx, tx, i)
		return err
	})
	if err != nil {
		return chat.Identified{}, err
	}
	return found, nil
}

func identify(ctx context.Context, tx *transaction, i chat.Identity) (chat.Identified, error) {
	_, err := tx.Exec(`INSERT INTO identity (site, user_id, conversation_id, participant_id, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (site, user_id) DO UPDATE SET name = excluded.name`,
		i.Site, i.UserID, i.Conversation, i.Participant, i.Name, i.CreatedAt)
	if err != nil {
		return chat.Identified{}, err
	}
	found, err := findIdentity(ctx, tx, i)
	if err != nil || !found.Stored || found.Participant.Name == i.Name {
		return found, err
	}
	if found.Rev, err = advance(tx, found.Conversation.ID, i.CreatedAt); err != nil {
		return found, err
	}
	found.Participant.Name = i.Name
	_, err = tx.Exec("UPDATE participant SET name = $3, changed_rev = $4 WHERE conversation_id = $1 AND id = $2",
		found.Conversation.ID, found.Participant.ID, i.Name, found.Rev)
	return found, err
}

// findIdentity is what belongs to i's user: the participant under its own name
// if it is stored, and else under the user's.
func findIdentity(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, i chat.Identity) (found chat.Identified, err error) {
	p := &found.Participant
	p.Role = wire.RoleVisitor
	err = db.QueryRowContext(ctx, `
		SELECT i.conversation_id, i.participant_id, coalesce(c.created_at, i.created_at), coalesce(p.name, i.name), coalesce(p.read_seq, 0), coalesce(p.delivered_seq, 0), p.id IS NOT NULL
		FROM identity i
		LEFT JOIN conversation c ON c.id = i.conversation_id
		LEFT JOIN participant p ON p.conversation_id = i.conversation_id AND p.id = i.participant_id
		WHERE i.site = $1 AND i.user_id = $2`,
		i.Site, i.UserID).Scan(&found.Conversation.ID, &p.ID, &found.Conversation.CreatedAt, &p.Name, &p.ReadSeq, &p.DeliveredSeq, &found.Stored)
	p.DeliveredSeq = max(p.DeliveredSeq, p.ReadSeq)
	return found, err
}
