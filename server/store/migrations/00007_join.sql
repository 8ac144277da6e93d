-- +goose Up
-- Who came by the invitation, empty while nobody has, and the hash of what whoever
-- comes again has to know; expires_at is then when that ends.
ALTER TABLE invitation ADD COLUMN participant_id TEXT NOT NULL DEFAULT '';
ALTER TABLE invitation ADD COLUMN nonce_hash TEXT NOT NULL DEFAULT '';
