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

-- Keywords of a code, and of one sender on it, beside our own: JSON, normalised word -> intent.
ALTER TABLE short_code ADD COLUMN words text NOT NULL DEFAULT '{}';
ALTER TABLE short_code ADD COLUMN words_version integer NOT NULL DEFAULT 0;
ALTER TABLE code_sender ADD COLUMN words text NOT NULL DEFAULT '{}';
