-- +goose Up
-- A revocation is for a participant or for a whole conversation, which was erased.
ALTER TABLE revocation RENAME COLUMN participant_id TO subject_id;
