package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"chatbot/widget/wire"
)

// MarkRead implements chat.Store. Only a mark that rises costs a write.
func (s *SQLite) MarkRead(ctx context.Context, conversationID, participantID string, seq int64, now wire.Time) (p wire.Participant, rev int64, changed bool, err error) {
	badge, err := s.Badge(ctx, conversationID, participantID)
	if err != nil && err != errNotFound {
		return p, 0, false, err
	}
	if seq < 0 || seq > badge.LastSeq {
		return p, 0, false, wire.NewError(wire.CodeInvalidField, fmt.Sprintf("seq must be a whole number from 0 to %d, the last message there is.", badge.LastSeq))
	}
	if seq <= badge.ReadSeq {
		return wire.Participant{ID: participantID, ReadSeq: badge.ReadSeq}, 0, false, nil
	}
	err = s.writer.write(ctx, func(tx *transaction) error {
		p, rev, changed, err = markRead(tx, conversationID, participantID, seq, now)
		return err
	})
	if err != nil {
		return wire.Participant{}, 0, false, err
	}
	return p, rev, changed, nil
}

func markRead(tx *transaction, conversationID, participantID string, seq int64, now wire.Time) (p wire.Participant, rev int64, changed bool, err error) {
	p, err = join(tx, conversationID, "", wire.Participant{ID: participantID, Role: wire.RoleVisitor}, now)
	if err != nil || p.ReadSeq >= seq { // another device was faster
		return p, 0, false, err
	}
	if _, rev, err = advance(tx, conversationID, 0, now); err != nil {
		return p, 0, false, err
	}
	p.ReadSeq = seq
	return p, rev, true, setRead(tx, conversationID, participantID, seq, rev)
}

// setRead moves a participant's mark, as part of the change rev.
func setRead(tx *transaction, conversationID, participantID string, seq, rev int64) error {
	_, err := tx.Exec("UPDATE participant SET read_seq = $3, changed_rev = $4 WHERE conversation_id = $1 AND id = $2",
		conversationID, participantID, seq, rev)
	return err
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
