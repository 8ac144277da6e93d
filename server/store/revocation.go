package store

import (
	"context"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Revoke implements chat.Store. It also clears away what has expired.
func (s *SQLite) Revoke(ctx context.Context, r chat.Revocation) error {
	return s.writer.write(ctx, func(tx *transaction) error { return revoke(tx, r) })
}

func revoke(tx *transaction, r chat.Revocation) error {
	if _, err := tx.Exec("DELETE FROM revocation WHERE expires_at <= $1", r.At); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM invitation WHERE participant_id = $1", r.Subject); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO revocation (subject_id, revoked_at, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (subject_id) DO UPDATE SET revoked_at = excluded.revoked_at, expires_at = excluded.expires_at`,
		r.Subject, r.At, r.ExpiresAt)
	return err
}

// Revocations implements chat.Store.
func (s *SQLite) Revocations(ctx context.Context, now wire.Time) ([]chat.Revocation, error) {
	return collect(ctx, s.read, scanRevocation,
		"SELECT subject_id, revoked_at, expires_at FROM revocation WHERE expires_at > $1 ORDER BY expires_at, subject_id", now)
}

func scanRevocation(row scanner) (r chat.Revocation, err error) {
	err = row.Scan(&r.Subject, &r.At, &r.ExpiresAt)
	return r, err
}
