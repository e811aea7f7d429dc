-- Holds: what a person, or the storm breaker, has stopped until a person releases it.
CREATE TABLE hold (
    sender_id integer NOT NULL,
    hold_id text NOT NULL,
    scope text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    purposes text[] NOT NULL,
    reason text NOT NULL,
    held_by text NOT NULL,
    held_at timestamptz NOT NULL,
    released_at timestamptz,
    released_by text,
    release_reason text,
    CONSTRAINT hold_pkey PRIMARY KEY (sender_id, hold_id),
    CONSTRAINT hold_scope_known CHECK (scope IN ('sender', 'delegate', 'campaign')),
    CONSTRAINT hold_kind_known CHECK (kind IN ('manual', 'storm')),
    CONSTRAINT hold_release_is_explained CHECK ((released_at IS NULL) = (release_reason IS NULL))
);
CREATE UNIQUE INDEX hold_standing_idx ON hold (sender_id, scope, subject, kind) WHERE released_at IS NULL;

INSERT INTO hold (sender_id, hold_id, scope, subject, kind, purposes, reason, held_by, held_at)
SELECT sender_id, 'hold_' || md5(sender_id::text), 'sender', '', 'manual', '{marketing,service,transactional}',
       held_reason, 'migration', now()
FROM sender WHERE held_reason IS NOT NULL;
ALTER TABLE sender DROP COLUMN held_reason;
