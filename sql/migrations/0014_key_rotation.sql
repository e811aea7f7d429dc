-- Tags under more than one key (D4): a sender's later salts, the epoch in force, and beside each kind of tag the epoch
-- of the key that made it. Until a sender's key is rotated, every epoch is 0.

CREATE TABLE sender_salt (
    sender_id integer NOT NULL,
    epoch integer NOT NULL,
    salt bytea NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT sender_salt_pkey PRIMARY KEY (sender_id, epoch),
    CONSTRAINT sender_salt_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES sender (sender_id),
    CONSTRAINT sender_salt_is_a_later_one CHECK (epoch > 0)
);

ALTER TABLE sender ADD COLUMN erased_at timestamptz;
ALTER TABLE ledger_head ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE ledger_head ADD COLUMN retagging boolean NOT NULL DEFAULT false;
ALTER TABLE opt_out ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE opening ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE opening ADD COLUMN made_in integer NOT NULL DEFAULT 0;
ALTER TABLE review_person ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE cleared ADD COLUMN epoch integer NOT NULL DEFAULT 0;
