-- +goose Up
-- How far the messages have reached a device of the participant: at least as far
-- as they have read.
ALTER TABLE participant ADD COLUMN delivered_seq BIGINT NOT NULL DEFAULT 0;
