-- +goose Up
CREATE INDEX message_streaming ON message (id) WHERE status = 'streaming';
