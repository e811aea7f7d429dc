-- A check repeated under its Idempotency-Key is answered again instead of being made twice.

CREATE TABLE check_replay (
    sender_id integer NOT NULL,
    key_digest bytea NOT NULL,                -- keyed digest of caller and Idempotency-Key
    body_digest bytea NOT NULL,               -- keyed digest of the whole call: another body under the key is refused
    check_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    peaks bytea NOT NULL,                     -- of the ledger at the size the verdict was computed at
    reasons bytea NOT NULL,                   -- one byte a position, deflated; nothing here holds a number
    CONSTRAINT check_replay_pkey PRIMARY KEY (sender_id, key_digest)
);
ALTER TABLE check_replay ALTER COLUMN reasons SET STORAGE EXTERNAL;
CREATE INDEX check_replay_expires_idx ON check_replay (sender_id, expires_at);
