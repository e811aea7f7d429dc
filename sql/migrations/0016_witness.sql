-- Restores that a person accepted, each with a new name in checkpoints; and external time-stamps of heads.

CREATE TABLE registry_restore (
    era integer NOT NULL,
    origin text NOT NULL,
    accepted_at timestamptz NOT NULL,
    accepted_by text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    CONSTRAINT registry_restore_pkey PRIMARY KEY (era),
    CONSTRAINT registry_restore_is_a_later_era CHECK (era > 1)
);

CREATE TABLE head_timestamp (
    sender_id integer NOT NULL,
    day date NOT NULL,
    size bigint NOT NULL,
    checkpoint text NOT NULL,
    token bytea NOT NULL,
    stamped_at timestamptz NOT NULL,
    CONSTRAINT head_timestamp_pkey PRIMARY KEY (sender_id, day)
);
