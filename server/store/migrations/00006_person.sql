-- +goose Up
-- Whether a person speaks for the site is asked at each message of a visitor.
CREATE INDEX message_agent ON message (conversation_id, created_at) WHERE author_role = 'agent';
