-- +goose Up
-- When an agent last said something, 0: never. It is asked for with each message
-- of a visitor, and stands in the row that such a message changes anyway.
ALTER TABLE conversation ADD COLUMN spoke_at BIGINT NOT NULL DEFAULT 0;
UPDATE conversation SET spoke_at = coalesce(
    (SELECT max(m.created_at) FROM message m WHERE m.conversation_id = conversation.id AND m.author_role = 'agent'), 0);
DROP INDEX message_agent;
