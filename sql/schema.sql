-- The whole schema as it is today, to be read. What runs is migrations/; a test proves that both build the same database.
--
-- Every table is either keyed by sender_id (or connection_id) first, or small enough to be copied to every node
-- (citus.sql). No table holds a phone number or the text of a message: people are tags (64-bit keyed pseudonyms).

-- This installation. One row; it is written once, together with the root key.
CREATE TABLE registry (
    single boolean NOT NULL DEFAULT true,
    origin text NOT NULL,                     -- the name in checkpoints and receipts
    key_check bytea NOT NULL,                 -- a root key that does not match it refuses to start
    created_at timestamptz NOT NULL,
    CONSTRAINT registry_pkey PRIMARY KEY (single),
    CONSTRAINT registry_is_one_row CHECK (single)
);

-- Restores of an older state that a person accepted. The latest row's name is the one in checkpoints and receipts; none:
-- the one above. Old and new signatures can then never be taken for those of one history.
CREATE TABLE registry_restore (
    era integer NOT NULL,                     -- 2, 3, …: the first began with the registry
    origin text NOT NULL,
    accepted_at timestamptz NOT NULL,
    accepted_by text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,                     -- JSON: what each ledger lost
    CONSTRAINT registry_restore_pkey PRIMARY KEY (era),
    CONSTRAINT registry_restore_is_a_later_era CHECK (era > 1)
);

-- The brands on whose behalf messages go out.
CREATE TABLE sender (
    sender_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    slug text NOT NULL,
    name text NOT NULL,
    salt bytea NOT NULL,                      -- with the root key it gives the sender's tag key; deleting it erases the sender
    profile text NOT NULL DEFAULT '{}',       -- JSON: texts, policy, entitlements
    created_at timestamptz NOT NULL,
    enforced_since timestamptz,               -- set: its gateway refuses uncleared sends, from then on
    inherits integer[] NOT NULL DEFAULT '{}', -- senders whose oppositions hold for this one too (merger, renaming)
    erased_at timestamptz,                    -- set: its salts and its people are gone, its ledger stays
    CONSTRAINT sender_pkey PRIMARY KEY (sender_id),
    CONSTRAINT sender_slug_key UNIQUE (slug)
);

-- What a person, or the storm breaker, has stopped until a person releases it.
CREATE TABLE hold (
    sender_id integer NOT NULL,
    hold_id text NOT NULL,
    scope text NOT NULL,
    subject text NOT NULL,                    -- a delegate's key id, a campaign's name; '' for the whole sender
    kind text NOT NULL,
    purposes text[] NOT NULL,                 -- what may not be sent; the others pass
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

-- One storm is one hold, however many processes see it.
CREATE UNIQUE INDEX hold_standing_idx ON hold (sender_id, scope, subject, kind) WHERE released_at IS NULL;

-- The salts of a sender's later keys, one a rotation. A tag is the CMAC under the last key of the tag under the one before,
-- so all of them are needed; a row whose epoch is above the one in the sender's ledger_head is not in force yet.
CREATE TABLE sender_salt (
    sender_id integer NOT NULL,
    epoch integer NOT NULL,                   -- from 1; the first key's salt is in sender
    salt bytea NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT sender_salt_pkey PRIMARY KEY (sender_id, epoch),
    CONSTRAINT sender_salt_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES sender (sender_id),
    CONSTRAINT sender_salt_is_a_later_one CHECK (epoch > 0)
);

-- The numbers people answer to.
CREATE TABLE short_code (
    code text NOT NULL,
    tariff text NOT NULL DEFAULT 'non surtaxé',
    created_at timestamptz NOT NULL,
    words text NOT NULL DEFAULT '{}',         -- JSON: keywords of this code beside our own, normalised word -> intent
    words_version integer NOT NULL DEFAULT 0, -- counts every change of the code's or its senders' words
    territories text[] NOT NULL DEFAULT '{}', -- where it can be answered; none: nothing is known, so everywhere
    CONSTRAINT short_code_pkey PRIMARY KEY (code)
);

-- Who uses a code: one sender (dedicated) or several (shared). A keyword in the text narrows a shared code to its sender.
CREATE TABLE code_sender (
    code text NOT NULL,
    sender_id integer NOT NULL,
    keywords text[] NOT NULL DEFAULT '{}',    -- normalised words that name the sender in "STOP <brand>"
    words text NOT NULL DEFAULT '{}',         -- JSON: the sender's own keywords on this code
    CONSTRAINT code_sender_pkey PRIMARY KEY (code, sender_id),
    CONSTRAINT code_sender_code_fkey FOREIGN KEY (code) REFERENCES short_code (code),
    CONSTRAINT code_sender_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES sender (sender_id)
);

-- One configured source of MO messages, and a way out: what it is as a route an administrator declares.
CREATE TABLE connection (
    connection_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    slug text NOT NULL,
    provider text NOT NULL,
    secrets bytea NOT NULL,                   -- sealed JSON: at most two secrets in force, and the URL token
    config text NOT NULL DEFAULT '{}',        -- JSON for the provider's adapter
    codes text[] NOT NULL DEFAULT '{}',       -- the codes whose answers arrive here
    accounts text NOT NULL DEFAULT '{}',      -- JSON: the operator's account name -> sender slug
    replies text NOT NULL DEFAULT 'answer',
    may_lift boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    route_class text NOT NULL DEFAULT 'unknown',
    data_countries text[] NOT NULL DEFAULT '{}', -- ISO 3166 codes of where its data live
    contract text NOT NULL DEFAULT '',        -- reference of the contract with the operator
    stop_returns boolean NOT NULL DEFAULT false, -- a STOP to what went out this way comes back to us
    CONSTRAINT connection_pkey PRIMARY KEY (connection_id),
    CONSTRAINT connection_route_class_known CHECK (route_class IN ('direct', 'partner', 'unknown')),
    CONSTRAINT connection_slug_key UNIQUE (slug),
    CONSTRAINT connection_replies_known CHECK (replies IN ('operator', 'answer', 'none'))
);

-- How many STOPs and STARTs came through a connection, minute by minute, for a week.
CREATE TABLE connection_rate (
    connection_id integer NOT NULL,
    minute timestamptz NOT NULL,
    stops integer NOT NULL,
    starts integer NOT NULL,
    CONSTRAINT connection_rate_pkey PRIMARY KEY (connection_id, minute)
);

-- Connections whose right to lift is taken because they flooded, until an administrator gives it back.
CREATE TABLE lift_suspension (
    connection_id integer NOT NULL,
    suspended_at timestamptz NOT NULL,
    reason text NOT NULL,
    restored_at timestamptz,
    restored_by text,
    restore_reason text,
    CONSTRAINT lift_suspension_pkey PRIMARY KEY (connection_id, suspended_at),
    CONSTRAINT lift_suspension_end_is_explained CHECK ((restored_at IS NULL) = (restore_reason IS NULL))
);
CREATE UNIQUE INDEX lift_suspension_standing_idx ON lift_suspension (connection_id) WHERE restored_at IS NULL;

-- Keys of callers. The secret is 256 random bits, so its SHA-256 is enough at rest.
CREATE TABLE api_key (
    key_id text NOT NULL,
    secret_sha256 bytea NOT NULL,
    role text NOT NULL,
    label text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT api_key_pkey PRIMARY KEY (key_id),
    CONSTRAINT api_key_role_known CHECK (role IN ('sender', 'delegate', 'auditor', 'dpo', 'support', 'admin'))
);

-- The senders a key may act for. An admin's key has none: it runs the registry and sees no person's data.
CREATE TABLE api_key_sender (
    key_id text NOT NULL,
    sender_id integer NOT NULL,
    CONSTRAINT api_key_sender_pkey PRIMARY KEY (key_id, sender_id),
    CONSTRAINT api_key_sender_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_key (key_id),
    CONSTRAINT api_key_sender_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES sender (sender_id)
);

-- Every MO that was committed, once; a repeated delivery is a counter. The key is a keyed digest that always contains
-- number, code and text or intent, so one provider id never swallows another person's STOP.
CREATE TABLE mo (
    connection_id integer NOT NULL,
    dedupe bytea NOT NULL,
    received_at timestamptz NOT NULL,
    event_at timestamptz NOT NULL,
    intent text NOT NULL,
    rule text NOT NULL,
    code text,
    basis text NOT NULL,
    times_seen integer NOT NULL DEFAULT 1,
    last_seen_at timestamptz NOT NULL,
    fanning_out boolean NOT NULL DEFAULT false, -- some of its senders are still to be written: a repeat goes on there
    CONSTRAINT mo_pkey PRIMARY KEY (connection_id, dedupe)
);

-- What an MO did: one row a sender. A repeated delivery is answered from here.
CREATE TABLE mo_effect (
    connection_id integer NOT NULL,
    dedupe bytea NOT NULL,
    sender_id integer NOT NULL,
    entry_index bigint NOT NULL,
    leaf bytea NOT NULL,
    confirm boolean NOT NULL,                 -- the person is told, once a day
    CONSTRAINT mo_effect_pkey PRIMARY KEY (connection_id, dedupe, sender_id, entry_index)
);

-- What could not be read or authenticated, sealed. Bounded per connection; nothing in it is forgotten silently.
CREATE TABLE quarantine (
    connection_id integer NOT NULL,
    fingerprint bytea NOT NULL,               -- keyed digest of the request: a repeat is a counter
    reason text NOT NULL,
    box bytea NOT NULL,
    received_at timestamptz NOT NULL,
    times_seen integer NOT NULL DEFAULT 1,
    CONSTRAINT quarantine_pkey PRIMARY KEY (connection_id, fingerprint)
);

-- What a puller did with a connection: its health, and until when a process is at it.
CREATE TABLE pull (
    connection_id integer NOT NULL,
    started_at timestamptz NOT NULL,
    claimed_until timestamptz,
    succeeded_at timestamptz,
    failed_at timestamptz,
    error text,
    listed integer NOT NULL DEFAULT 0,        -- of the last success: what the operator's lists held
    applied integer NOT NULL DEFAULT 0,       -- and how much of it was new
    CONSTRAINT pull_pkey PRIMARY KEY (connection_id)
);

-- What an operator's lists held at the last pull, as keyed digests. What leaves a list leaves this table, so that its
-- return is news.
CREATE TABLE pulled (
    connection_id integer NOT NULL,
    item bytea NOT NULL,
    first_seen_at timestamptz NOT NULL,
    CONSTRAINT pulled_pkey PRIMARY KEY (connection_id, item)
);

-- What was compared with an operator's own account of its messages or its black list, and what differed.
CREATE TABLE reconciliation (
    connection_id integer NOT NULL,
    reconciliation_id text NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    report text NOT NULL,                     -- JSON: counts, and gaps by row, time and digest; never a number
    CONSTRAINT reconciliation_pkey PRIMARY KEY (connection_id, reconciliation_id)
);

-- What a person must read and decide. One row a message, named by its dedupe key, so that a repeat is no second item.
CREATE TABLE review_item (
    connection_id integer NOT NULL,
    dedupe bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    event_at timestamptz NOT NULL,            -- when it was said, should it be a STOP
    lift_at timestamptz NOT NULL,             -- when it was said, should it be a START
    code text,
    intent text NOT NULL,
    rule text NOT NULL,
    classifier text NOT NULL,
    doubtful_stop boolean NOT NULL,           -- it suppresses until somebody decides
    reasons text[] NOT NULL,
    box bytea,                                -- the sealed text; emptied after some days, the item stays
    decision text,
    decided_at timestamptz,
    decided_by text,
    CONSTRAINT review_item_pkey PRIMARY KEY (connection_id, dedupe),
    CONSTRAINT review_item_decision_known CHECK (decision IN ('oppose', 'lift', 'leave'))
);

-- Whom a review item may concern: the number is gone, so its tag of every candidate sender was kept.
CREATE TABLE review_person (
    sender_id integer NOT NULL,
    connection_id integer NOT NULL,
    dedupe bytea NOT NULL,
    tag bigint NOT NULL,
    epoch integer NOT NULL DEFAULT 0,         -- of the key that made the tag
    CONSTRAINT review_person_pkey PRIMARY KEY (sender_id, connection_id, dedupe)
);

-- How many oppositions of a sender were lifted in one UTC day, and how many may be.
CREATE TABLE lift_budget (
    sender_id integer NOT NULL,
    day date NOT NULL,
    lifted integer NOT NULL,
    allowed integer NOT NULL,
    CONSTRAINT lift_budget_pkey PRIMARY KEY (sender_id, day)
);

-- The parts of long messages that operators hand over singly, sealed, until the whole can be read; for two days.
CREATE TABLE mo_part (
    connection_id integer NOT NULL,
    thread bytea NOT NULL,                    -- keyed digest of person, code and the operator's reference
    part integer NOT NULL,                    -- from 1
    box bytea NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT mo_part_pkey PRIMARY KEY (connection_id, thread, part)
);

-- The head of each sender's ledger. Its row lock is what puts entries in commit order without a gap.
CREATE TABLE ledger_head (
    sender_id integer NOT NULL,
    size bigint NOT NULL DEFAULT 0,
    peaks bytea NOT NULL DEFAULT '',          -- RFC 6962 compact range: 32 bytes a full subtree, largest first
    generation integer NOT NULL DEFAULT 1,    -- whatever is not an append bumps it and makes every index rebuild
    epoch integer NOT NULL DEFAULT 0,         -- of the key in force: how many rotations there were
    retagging boolean NOT NULL DEFAULT false, -- the next key is prepared: everything is written in both forms
    CONSTRAINT ledger_head_pkey PRIMARY KEY (sender_id),
    CONSTRAINT ledger_head_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES sender (sender_id)
);

-- The append-only log. The bytes are stored, hashed and exported as they are.
CREATE TABLE ledger_entry (
    sender_id integer NOT NULL,
    entry_index bigint NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT ledger_entry_pkey PRIMARY KEY (sender_id, entry_index)
);

-- A time-stamping authority's word (RFC 3161) on each day's head; the whole answer, as `openssl ts` reads it.
CREATE TABLE head_timestamp (
    sender_id integer NOT NULL,
    day date NOT NULL,                        -- UTC
    size bigint NOT NULL,
    checkpoint text NOT NULL,                 -- what was stamped: the signed head
    token bytea NOT NULL,
    stamped_at timestamptz NOT NULL,          -- by our own clock
    CONSTRAINT head_timestamp_pkey PRIMARY KEY (sender_id, day)
);

-- What opens an entry's commitment to a person. Deleting the row (by its index: while keys are rotated it is there in two
-- forms) forgets the person and leaves the tree whole. The commitment was made with the tag of the epoch it was made in,
-- which only the number can give again; the salt is masked once by each later key.
CREATE TABLE opening (
    sender_id integer NOT NULL,
    tag bigint NOT NULL,
    entry_index bigint NOT NULL,
    salt bytea NOT NULL,
    epoch integer NOT NULL DEFAULT 0,         -- of the key that made the tag
    made_in integer NOT NULL DEFAULT 0,       -- the epoch of the entry
    CONSTRAINT opening_pkey PRIMARY KEY (sender_id, tag, entry_index)
);

-- The state: who is opposed to whom. A pure function of the set of events kept in history. While a key is rotated, rows
-- of two epochs stand side by side: those in force have the epoch of the sender's ledger_head.
CREATE TABLE opt_out (
    sender_id integer NOT NULL,
    tag bigint NOT NULL,
    opposed boolean NOT NULL,
    since timestamptz NOT NULL,
    source text NOT NULL,
    changed_at_index bigint NOT NULL,
    confirmed_at timestamptz,
    history bytea NOT NULL,
    epoch integer NOT NULL DEFAULT 0,         -- of the key that made the tag
    CONSTRAINT opt_out_pkey PRIMARY KEY (sender_id, tag)
);

-- A check on a warm index reads only what changed since.
CREATE INDEX opt_out_changed_idx ON opt_out (sender_id, changed_at_index);

-- One row a check, committed before its answer leaves.
CREATE TABLE check_record (
    sender_id integer NOT NULL,
    check_id text NOT NULL,
    entry_index bigint NOT NULL,
    key_id text NOT NULL,
    purpose text NOT NULL,
    campaign text,
    checked_at timestamptz NOT NULL,
    evaluated_at bigint NOT NULL,             -- the ledger size the verdict was computed at
    counts text NOT NULL,
    CONSTRAINT check_record_pkey PRIMARY KEY (sender_id, check_id)
);

-- Whom a check cleared: sorted tags, 8 little-endian bytes each, uncompressed so that a look-up reads one slice. A rotation
-- leaves them as they are, since the ledger has their digest: who looks has the number, and tags it with the row's epoch.
CREATE TABLE cleared (
    sender_id integer NOT NULL,
    check_id text NOT NULL,
    stored_at timestamptz NOT NULL,
    tags bytea NOT NULL,
    epoch integer NOT NULL DEFAULT 0,         -- of the key that made the tags
    CONSTRAINT cleared_pkey PRIMARY KEY (sender_id, check_id)
);
ALTER TABLE cleared ALTER COLUMN tags SET STORAGE EXTERNAL;

-- A look-back reads the checks of its hours only.
CREATE INDEX cleared_stored_idx ON cleared (sender_id, stored_at);

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

-- Which generation of a signing key is current, for each purpose; the latest row holds, none: the first generation.
CREATE TABLE signing_key (
    purpose text NOT NULL,
    generation integer NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT signing_key_pkey PRIMARY KEY (purpose, generation)
);

-- What is known of a STOP channel: one operator connection × one short code. A pair without a row was never proven.
CREATE TABLE channel (
    connection_id integer NOT NULL,
    code text NOT NULL,
    stop_at timestamptz,                      -- the last STOP of a person that arrived through it
    canary_at timestamptz,                    -- the last canary that came back through it
    canary text,                              -- as it was texted; it is used up
    state text NOT NULL,                      -- as last noticed; what counts is judged anew from the rest
    since timestamptz NOT NULL,
    why text NOT NULL,
    CONSTRAINT channel_pkey PRIMARY KEY (connection_id, code),
    CONSTRAINT channel_state_known CHECK (state IN ('never-proven', 'alive', 'suspect', 'dead'))
);

-- The timeline of each channel.
CREATE TABLE channel_event (
    event_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    connection_id integer NOT NULL,
    code text NOT NULL,
    at timestamptz NOT NULL,
    was text NOT NULL,
    became text NOT NULL,
    why text NOT NULL,
    CONSTRAINT channel_event_pkey PRIMARY KEY (event_id)
);
CREATE INDEX channel_event_of_idx ON channel_event (connection_id, code, at);

-- How many STOPs arrived through a channel, by UTC day: its usual rate.
CREATE TABLE channel_day (
    connection_id integer NOT NULL,
    code text NOT NULL,
    day date NOT NULL,
    stops bigint NOT NULL,
    CONSTRAINT channel_day_pkey PRIMARY KEY (connection_id, code, day)
);

-- How many numbers checks cleared for a commercial message that names a code, by minute.
CREATE TABLE code_cleared (
    code text NOT NULL,
    minute timestamptz NOT NULL,
    numbers bigint NOT NULL,
    CONSTRAINT code_cleared_pkey PRIMARY KEY (code, minute)
);

-- Test messages that somebody is to text to a code. The token is no column: it follows from the root key and the row.
CREATE TABLE canary (
    canary_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    issued_by text NOT NULL,
    as_stop boolean NOT NULL,                 -- it may be texted as "STOP 7F3A" too: only what an administrator issued
    returned_at timestamptz,
    connection_id integer,                    -- through which it came back
    dedupe bytea,                             -- of the message, so that a repeated delivery is known as the same
    CONSTRAINT canary_pkey PRIMARY KEY (canary_id)
);
CREATE INDEX canary_code_idx ON canary (code, expires_at);

-- Who administered what. Never a person's data.
-- Who administered, read, exported and released what. Never a person's data. The entries of one UTC day are the leaves of
-- a Merkle tree; a day is dropped whole, after 6 to 12 months.
CREATE TABLE admin_journal (
    journal_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL DEFAULT '{}',
    day date,                                 -- NULL, like the next two: written before there were such days
    position integer,                         -- in the day, from 0
    sender_ids integer[] NOT NULL DEFAULT '{}', -- whose data it concerned
    leaf bytea,                               -- hash of the entry; it names the one that was altered
    CONSTRAINT admin_journal_pkey PRIMARY KEY (journal_id)
);
CREATE UNIQUE INDEX admin_journal_place_idx ON admin_journal (day, position);
-- A person is told when they were looked up.
CREATE INDEX admin_journal_looked_up_idx ON admin_journal (at) WHERE action = 'subject.read';

-- The tree of each day of the journal. Its row lock puts entries in order without a gap.
CREATE TABLE journal_day (
    day date NOT NULL,
    size integer NOT NULL DEFAULT 0,
    peaks bytea NOT NULL DEFAULT '',
    note text,                                -- signed when the day is over; nothing is added to it then
    CONSTRAINT journal_day_pkey PRIMARY KEY (day)
);

-- The only way for the service to forget journal entries: whole days, older than six months.
CREATE FUNCTION drop_journal_before(wanted date) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH cut AS (SELECT least(wanted, (now() AT TIME ZONE 'UTC')::date - 180) AS day),
    days AS (DELETE FROM public.journal_day d USING cut WHERE d.day < cut.day),
    gone AS (
        DELETE FROM public.admin_journal j USING cut
        WHERE coalesce(j.day, (j.at AT TIME ZONE 'UTC')::date) < cut.day RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION drop_journal_before(date) FROM PUBLIC;

-- What people ask about themselves, and until when they must be answered.
CREATE TABLE subject_case (
    reference text NOT NULL,
    persons bytea[] NOT NULL DEFAULT '{}',    -- keyed digests of the numbers
    opened_at timestamptz NOT NULL,           -- when the request arrived
    opened_by text NOT NULL,
    due_at timestamptz NOT NULL,              -- one month later (GDPR art. 12(3))
    closed_at timestamptz,
    closed_by text,
    outcome text,
    CONSTRAINT subject_case_pkey PRIMARY KEY (reference)
);

-- Erasing a person who is not opposed: their state goes, the opposition of nobody does.
CREATE FUNCTION forget_lifted(of_sender integer, whom bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM public.opt_out WHERE sender_id = of_sender AND tag = whom AND NOT opposed RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION forget_lifted(integer, bigint) FROM PUBLIC;

-- Whose data must stay as they are: an incident or a control is open. Sender 0: everybody's.
CREATE TABLE retention_freeze (
    freeze_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    sender_id integer NOT NULL,
    reason text NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT retention_freeze_pkey PRIMARY KEY (freeze_id)
);

-- The daily purge: which process is at it, and how the last one went.
CREATE TABLE retention_run (
    single boolean NOT NULL DEFAULT true,
    started_at timestamptz NOT NULL,
    claimed_until timestamptz,
    succeeded_at timestamptz,
    CONSTRAINT retention_run_pkey PRIMARY KEY (single),
    CONSTRAINT retention_run_is_one_row CHECK (single)
);

-- What a person must know. One row from its opening to its closing; while it is open, the same cause adds none.
CREATE TABLE alarm (
    alarm_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    subject text NOT NULL,                    -- a connection or a node; never a person
    detail text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT alarm_pkey PRIMARY KEY (alarm_id)
);
CREATE UNIQUE INDEX alarm_open_idx ON alarm (kind, subject) WHERE closed_at IS NULL;

-- A fixed sample, one in 1,024 by the tag itself, of the people each sender has asked about, and since which day. Counts
-- the numbers a sender asks about for the first time; kept as long as the contact record, and of no other use. Tags of the
-- first key, whatever was rotated since: else everybody would be new.
CREATE TABLE first_seen (
    sender_id integer NOT NULL,
    tag bigint NOT NULL,
    day date NOT NULL,                        -- UTC
    CONSTRAINT first_seen_pkey PRIMARY KEY (sender_id, tag)
);
CREATE INDEX first_seen_day_idx ON first_seen (sender_id, day);
