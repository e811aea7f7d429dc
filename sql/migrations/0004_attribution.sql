-- Whom an answer on a shared code concerns: senders whose gateway refuses uncleared sends, whom their checks cleared,
-- and messages to so many senders that they take several transactions; and lists that a sender has inherited.

ALTER TABLE sender ADD COLUMN enforced_since timestamptz;
ALTER TABLE sender ADD COLUMN inherits integer[] NOT NULL DEFAULT '{}';
ALTER TABLE mo ADD COLUMN fanning_out boolean NOT NULL DEFAULT false;
CREATE INDEX cleared_stored_idx ON cleared (sender_id, stored_at);
