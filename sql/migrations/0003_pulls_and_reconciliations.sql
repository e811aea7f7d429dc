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
