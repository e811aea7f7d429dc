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
    admissions bigint NOT NULL DEFAULT 0,     -- counts them: one is written only if none was since it was judged
    gated boolean NOT NULL,                   -- its gateway asks for admissions: once it ended, only they were sent
    text_digest bytea,                        -- keyed digest of the text
    changed_at_index bigint NOT NULL,         -- the last ledger entry about it: its check's, or that it was given back
    CONSTRAINT clearance_pkey PRIMARY KEY (sender_id, check_id)
);
CREATE INDEX clearance_live_idx ON clearance (sender_id, expires_at);
-- Who was contacted lately is caught up with by ledger position.
CREATE INDEX clearance_changed_idx ON clearance (sender_id, changed_at_index);

-- Whom a gateway was admitted to send to, or gave back: a bit for each place in the check's sorted cleared tags.
CREATE TABLE admission_page (
    sender_id integer NOT NULL,
    check_id text NOT NULL,
    released boolean NOT NULL,                -- given back unsent, instead of admitted
    page integer NOT NULL,                    -- 8,192 places each
    bits bytea NOT NULL,
    CONSTRAINT admission_page_pkey PRIMARY KEY (sender_id, check_id, released, page)
);
ALTER TABLE admission_page ALTER COLUMN bits SET STORAGE PLAIN;

-- What one request was admitted, so that a lost answer can be asked for again. Digests are keyed.
CREATE TABLE admission_request (
    sender_id integer NOT NULL,
    check_id text NOT NULL,
    request bytea NOT NULL,
    body bytea NOT NULL,
    admitted bytea NOT NULL,                  -- a bit for each number of the request, in its order
    at timestamptz NOT NULL,
    CONSTRAINT admission_request_pkey PRIMARY KEY (sender_id, check_id, request)
);

-- Which generation of a signing key is current, for each purpose; the latest row holds, none: the first generation.
CREATE TABLE signing_key (
    purpose text NOT NULL,
    generation integer NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT signing_key_pkey PRIMARY KEY (purpose, generation)
);
