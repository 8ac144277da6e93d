package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"chatbot/widget/wire"
)

// MarkRead implements chat.Store. Only a mark that rises costs a write.
func (s *SQLite) MarkRead(ctx context.Context, conversationID, participantID string, seq, delivered int64, now wire.Time) (p wire.Participant, rev int64, changed bool, err error) {
	last, p, err := s.marks(ctx, conversationID, participantID)
	if err != nil {
		return p, 0, false, err
	}
	delivered = max(delivered, seq)
	if seq < 0 || delivered > last {
		return wire.Participant{}, 0, false, wire.NewError(wire.CodeInvalidField, fmt.Sprintf("seq and delivered must be whole numbers from 0 to %d, the last message there is.", last))
	}
	if seq <= p.ReadSeq && delivered <= p.DeliveredSeq {
		return p, 0, false, nil
	}
	err = s.writer.write(ctx, func(tx *transaction) error {
		p, rev, changed, err = markRead(tx, conversationID, participantID, seq, delivered, now)
		return err
	})
	if err != nil {
		return wire.Participant{}, 0, false, err
	}
	return p, rev, changed, nil
}

// marks are how far a participant has come in a conversation, and its last
// message; nothing where it is not stored.
func (s *SQLite) marks(ctx context.Context, conversationID, participantID string) (last int64, p wire.Participant, err error) {
	p.ID = participantID
	err = s.read.QueryRowContext(ctx, `
		SELECT c.last_seq, coalesce(p.read_seq, 0), coalesce(p.delivered_seq, 0)
		FROM conversation c LEFT JOIN participant p ON p.conversation_id = c.id AND p.id = $2 WHERE c.id = $1`,
		conversationID, participantID).Scan(&last, &p.ReadSeq, &p.DeliveredSeq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, p, nil
	}
	p.DeliveredSeq = max(p.DeliveredSeq, p.ReadSeq)
	return last, p, unavailable(err)
}

func markRead(tx *transaction, conversationID, participantID string, seq, delivered int64, now wire.Time) (p wire.Participant, rev int64, changed bool, err error) {
	p, err = join(tx, conversationID, "", wire.Participant{ID: participantID, Role: wire.RoleVisitor}, now)
	if err != nil || p.ReadSeq >= seq && p.DeliveredSeq >= delivered { // another device was faster
		return p, 0, false, err
	}
	if rev, err = advance(tx, conversationID, now); err != nil {
		return p, 0, false, err
	}
	p.ReadSeq, p.DeliveredSeq = max(p.ReadSeq, seq), max(p.DeliveredSeq, delivered)
	_, err = tx.Exec("UPDATE participant SET read_seq = $3, delivered_seq = $4, changed_rev = $5 WHERE conversation_id = $1 AND id = $2",
		conversationID, participantID, p.ReadSeq, p.DeliveredSeq, rev)
	return p, rev, true, err
}

// Badge implements chat.Store. The count runs over the index of seq, from the
// mark on.
func (s *SQLite) Badge(ctx context.Context, conversationID, participantID string) (b wire.Badge, err error) {
	b.Conversation.ID = conversationID
	err = s.read.QueryRowContext(ctx, `
		SELECT c.created_at, c.last_seq, coalesce(p.read_seq, 0),
			(SELECT count(*) FROM message m WHERE m.conversation_id = c.id AND m.seq > coalesce(p.read_seq, 0) AND m.author_id <> $2 AND m.deleted_at = 0)
		FROM conversation c LEFT JOIN participant p ON p.conversation_id = c.id AND p.id = $2 WHERE c.id = $1`,
		conversationID, participantID).Scan(&b.Conversation.CreatedAt, &b.LastSeq, &b.ReadSeq, &b.Unread)
	if errors.Is(err, sql.ErrNoRows) {
		return wire.Badge{}, errNotFound
	}
	return b, unavailable(err)
}
