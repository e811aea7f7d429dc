-- The journal of who did and saw what becomes tamper-evident: the entries of one UTC day are the leaves of a Merkle tree,
-- whose root is signed when the day is over. Rows from before have no place in a day.
ALTER TABLE admin_journal
    ADD COLUMN day date,
    ADD COLUMN position integer,
    ADD COLUMN sender_ids integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN leaf bytea;
CREATE UNIQUE INDEX admin_journal_place_idx ON admin_journal (day, position);
-- A person is told when they were looked up.
CREATE INDEX admin_journal_looked_up_idx ON admin_journal (at) WHERE action = 'subject.read';

CREATE TABLE journal_day (
    day date NOT NULL,
    size integer NOT NULL DEFAULT 0,
    peaks bytea NOT NULL DEFAULT '',
    note text,
    CONSTRAINT journal_day_pkey PRIMARY KEY (day)
);

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

-- Two more roles, both for named senders.
ALTER TABLE api_key DROP CONSTRAINT api_key_role_known;
ALTER TABLE api_key
    ADD CONSTRAINT api_key_role_known CHECK (role IN ('sender', 'delegate', 'auditor', 'dpo', 'support', 'admin'));

-- What people ask about themselves, and until when they must be answered.
CREATE TABLE subject_case (
    reference text NOT NULL,
    persons bytea[] NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    due_at timestamptz NOT NULL,
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
