-- Permission beforehand for alerts, for when no answer comes: a signed token of 90 days. Its terms are the very bytes that
-- are signed.
CREATE TABLE standing_clearance (
    sender_id integer NOT NULL,
    standing_id text NOT NULL,
    issued_at timestamptz NOT NULL,
    issued_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    signed_by integer NOT NULL,               -- generation of the signing key
    terms bytea NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,
    CONSTRAINT standing_clearance_pkey PRIMARY KEY (sender_id, standing_id)
);

-- What gateways sent under one, told afterwards; told twice is once. No number is in it.
CREATE TABLE standing_use (
    sender_id integer NOT NULL,
    standing_id text NOT NULL,
    use_id text NOT NULL,
    gateway text NOT NULL,
    at timestamptz NOT NULL,
    count integer NOT NULL,
    campaign text,
    drill boolean NOT NULL,
    key_id text NOT NULL,
    told_at timestamptz NOT NULL,
    CONSTRAINT standing_use_pkey PRIMARY KEY (sender_id, standing_id, use_id)
);
CREATE INDEX standing_use_at_idx ON standing_use (sender_id, standing_id, at);
