-- +goose Up
ALTER TABLE participant ADD COLUMN read_seq BIGINT NOT NULL DEFAULT 0;
-- Of the conversation, by the participant's last change; rev stays that of joining.
ALTER TABLE participant ADD COLUMN changed_rev BIGINT NOT NULL DEFAULT 0;
UPDATE participant SET changed_rev = rev, read_seq = coalesce(
    (SELECT max(m.seq) FROM message m WHERE m.conversation_id = participant.conversation_id AND m.author_id = participant.id), 0);
CREATE TABLE revocation (
    participant_id TEXT PRIMARY KEY,
    revoked_at     BIGINT NOT NULL, -- what was issued until then is refused
    expires_at     BIGINT NOT NULL  -- when all of it has expired anyway
);
CREATE INDEX revocation_expires ON revocation (expires_at);
-- The conversation that a site's signed-in user has. It may not be stored yet:
-- that takes a first message.
CREATE TABLE identity (
    site            TEXT   NOT NULL,
    user_id         TEXT   NOT NULL,
    conversation_id TEXT   NOT NULL,
    participant_id  TEXT   NOT NULL UNIQUE,
    name            TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (site, user_id)
);
