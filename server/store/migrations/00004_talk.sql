-- +goose Up
ALTER TABLE message ADD COLUMN status TEXT NOT NULL DEFAULT 'complete';
ALTER TABLE message ADD COLUMN edited_at BIGINT NOT NULL DEFAULT 0;  -- 0: never
ALTER TABLE message ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0; -- 0: never
ALTER TABLE message ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';
CREATE TABLE reaction (
    message_id     TEXT   NOT NULL REFERENCES message (id),
    emoji          TEXT   NOT NULL,
    participant_id TEXT   NOT NULL,
    rev            BIGINT NOT NULL, -- of the conversation, for the order in which they came
    PRIMARY KEY (message_id, emoji, participant_id)
);
