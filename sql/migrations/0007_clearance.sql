-- The permission that a check gives for the rest of its batch; it has the check's id. Its terms are the very bytes that
-- are signed, so that the same token can be given again. They hold no number.
CREATE TABLE clearance (
    sender_id integer NOT NULL,
    check_id text NOT NULL,
    key_id text NOT NULL,
    purpose text NOT NULL,
    campaign text,
    not_before timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    signed_by integer NOT NULL,               -- generation of the signing key
    terms bytea NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,                      -- revoked, released, held
    CONSTRAINT clearance_pkey PRIMARY KEY (sender_id, check_id)
);
CREATE INDEX clearance_live_idx ON clearance (sender_id, expires_at);

-- Which generation of a signing key is current, for each purpose; the latest row holds, none: the first generation.
CREATE TABLE signing_key (
    purpose text NOT NULL,
    generation integer NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT signing_key_pkey PRIMARY KEY (purpose, generation)
);
