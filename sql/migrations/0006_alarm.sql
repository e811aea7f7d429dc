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
