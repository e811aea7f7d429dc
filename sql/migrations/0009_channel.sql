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
