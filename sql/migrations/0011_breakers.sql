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
