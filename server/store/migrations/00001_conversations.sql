-- +goose Up
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE conversation (
    id         TEXT PRIMARY KEY,
    site       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_seq   BIGINT NOT NULL,
    rev        BIGINT NOT NULL
);
CREATE INDEX conversation_updated ON conversation (updated_at);
CREATE TABLE participant (
    conversation_id TEXT   NOT NULL REFERENCES conversation (id),
    id              TEXT   NOT NULL,
    role            TEXT   NOT NULL,
    name            TEXT   NOT NULL,
    rev             BIGINT NOT NULL, -- of the conversation, by joining
    joined_at       BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, id)
);
CREATE TABLE message (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT   NOT NULL REFERENCES conversation (id),
    seq             BIGINT NOT NULL,
    rev             BIGINT NOT NULL,
    author_id       TEXT   NOT NULL,
    author_role     TEXT   NOT NULL,
    author_name     TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    body            TEXT   NOT NULL,
    source          TEXT   NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX message_seq ON message (conversation_id, seq);
CREATE UNIQUE INDEX message_rev ON message (conversation_id, rev);
CREATE UNIQUE INDEX message_client ON message (conversation_id, author_id, client_id);
CREATE TABLE debt (
    message_id TEXT PRIMARY KEY REFERENCES message (id)
);
CREATE TABLE invitation (
    code_hash       TEXT PRIMARY KEY,
    conversation_id TEXT   NOT NULL REFERENCES conversation (id),
    expires_at      BIGINT NOT NULL
);
CREATE INDEX invitation_expires ON invitation (expires_at);
