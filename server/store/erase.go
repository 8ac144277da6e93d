package store

import (
	"context"
	"errors"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Erase implements chat.Store.
func (s *SQLite) Erase(ctx context.Context, conversationID string, r chat.Revocation) (participants []string, err error) {
	err = s.writer.write(ctx, func(tx *transaction) error {
		err = overwriting(tx, func() error {
			participants, err = erase(tx, conversationID)
			return err
		})
		if err != nil {
			return err
		}
		return revoke(tx, r)
	})
	if err != nil {
		return nil, err
	}
	return participants, nil
}

func erase(tx *transaction, conversationID string) (participants []string, err error) {
	participants, err = collect(context.Background(), tx, scanID, "SELECT id FROM participant WHERE conversation_id = $1 ORDER BY rev, id", conversationID)
	if err != nil {
		return nil, err
	}
	erased := int64(0)
	for _, statement := range []string{
		"DELETE FROM debt WHERE message_id IN (SELECT id FROM message WHERE conversation_id = $1)",
		"DELETE FROM reaction WHERE message_id IN (SELECT id FROM message WHERE conversation_id = $1)",
		"DELETE FROM message WHERE conversation_id = $1",
		"DELETE FROM invitation WHERE conversation_id = $1",
		"DELETE FROM participant WHERE conversation_id = $1",
		"DELETE FROM identity WHERE conversation_id = $1",
		"DELETE FROM conversation WHERE id = $1",
	} {
		done, err := tx.Exec(statement, conversationID)
		if err != nil {
			return nil, err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return nil, err
		}
		erased += n
	}
	if erased == 0 {
		return nil, wire.NewError(wire.CodeNotFound, "There is no such conversation.")
	}
	return participants, nil
}

// overwriting has what change deletes overwritten, in the file when its log is next
// taken over. Always on, that would be a cost for every write. SQLite carries the
// PRAGMA out when it is prepared, so it must not be kept as other statements are.
func overwriting(tx *transaction, change func() error) error {
	if _, err := tx.tx.Exec("PRAGMA secure_delete = 1"); err != nil {
		return err
	}
	err := change()
	_, end := tx.tx.Exec("PRAGMA secure_delete = 0")
	return errors.Join(err, end)
}

func scanID(row scanner) (id string, err error) {
	err = row.Scan(&id)
	return id, err
}

// refuseErased refuses to begin a conversation anew that was erased a moment ago.
func refuseErased(tx *transaction, conversationID string) error {
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM revocation WHERE subject_id = $1", conversationID).Scan(&n); err != nil || n == 0 {
		return err
	}
	return wire.NewError(wire.CodeTokenRevoked, "The conversation was deleted. Begin a new one.")
}
