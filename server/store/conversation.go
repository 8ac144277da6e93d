package store

import (
	"context"
	"database/sql"
	"errors"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

var errNotFound = wire.NewError(wire.CodeNotFound, "There is no such conversation for you.")

const conversationColumns = "id, site, created_at, updated_at, last_seq, rev"

func scanConversation(row scanner) (c chat.Conversation, err error) {
	err = row.Scan(&c.ID, &c.Site, &c.CreatedAt, &c.UpdatedAt, &c.LastSeq, &c.Rev)
	return c, err
}

// Conversation implements chat.Store.
func (s *SQLite) Conversation(ctx context.Context, id string) (chat.Conversation, error) {
	c, err := scanConversation(s.read.QueryRowContext(ctx, "SELECT "+conversationColumns+" FROM conversation WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Conversation{}, errNotFound
	}
	return c, unavailable(err)
}

// Conversations implements chat.Store.
func (s *SQLite) Conversations(ctx context.Context, limit int) ([]chat.Conversation, error) {
	return collect(ctx, s.read, scanConversation,
		"SELECT "+conversationColumns+" FROM conversation ORDER BY updated_at DESC, id DESC LIMIT $1", max(limit, 0))
}

// Participants implements chat.Store.
func (s *SQLite) Participants(ctx context.Context, conversationID string) ([]wire.Participant, error) {
	return s.participants(ctx, conversationID, 0)
}

// participants are those who have changed after the rev since.
func (s *SQLite) participants(ctx context.Context, conversationID string, since int64) ([]wire.Participant, error) {
	return collect(ctx, s.read, scanParticipant,
		"SELECT "+participantColumns+" FROM participant WHERE conversation_id = $1 AND changed_rev > $2 ORDER BY rev", conversationID, since)
}

const participantColumns = "id, role, name, read_seq, delivered_seq"

func scanParticipant(row scanner) (p wire.Participant, err error) {
	err = row.Scan(&p.ID, &p.Role, &p.Name, &p.ReadSeq, &p.DeliveredSeq)
	p.DeliveredSeq = max(p.DeliveredSeq, p.ReadSeq)
	return p, err
}

// participant is one of a conversation, known if it is stored.
func participant(tx *transaction, conversationID, id string) (p wire.Participant, known bool, err error) {
	p, err = scanParticipant(tx.QueryRow("SELECT "+participantColumns+" FROM participant WHERE conversation_id = $1 AND id = $2", conversationID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return wire.Participant{}, false, nil
	}
	return p, err == nil, err
}

// join makes sure that p is in the conversation and that there is one, and is p
// as it is stored. Coming to it is a change of the conversation.
func join(tx *transaction, conversationID, site string, p wire.Participant, now wire.Time) (wire.Participant, error) {
	stored, known, err := participant(tx, conversationID, p.ID)
	if err != nil || known {
		return stored, err
	}
	if err := beginConversation(tx, conversationID, site, now); err != nil {
		return p, err
	}
	rev, err := advance(tx, conversationID, now)
	if err != nil {
		return p, err
	}
	return addParticipant(tx, conversationID, p, rev, now)
}

// beginConversation makes a conversation where there is none.
func beginConversation(tx *transaction, id, site string, now wire.Time) error {
	if err := refuseErased(tx, id); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO conversation ("+conversationColumns+") VALUES ($1, $2, $3, $3, 0, 0) ON CONFLICT DO NOTHING", id, site, now)
	return err
}

// addParticipant stores p, who is not in the conversation yet, as part of the
// change rev, and is p with the name that a user of the site has.
func addParticipant(tx *transaction, conversationID string, p wire.Participant, rev int64, now wire.Time) (wire.Participant, error) {
	if p.Name == "" {
		err := tx.QueryRow("SELECT name FROM identity WHERE participant_id = $1", p.ID).Scan(&p.Name)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return p, err
		}
	}
	_, err := tx.Exec("INSERT INTO participant (conversation_id, id, role, name, read_seq, rev, changed_rev, joined_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
		conversationID, p.ID, p.Role, p.Name, p.ReadSeq, rev, now)
	return p, err
}

// advance counts a change of the conversation that brings no message: nextPlace
// is for those.
func advance(tx *transaction, conversationID string, now wire.Time) (rev int64, err error) {
	err = tx.QueryRow("UPDATE conversation SET rev = rev + 1, updated_at = $2 WHERE id = $1 RETURNING rev", conversationID, now).Scan(&rev)
	return rev, err
}
