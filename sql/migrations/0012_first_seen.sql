-- A fixed sample, one in 1,024 by the tag itself, of the people each sender has asked about, and since which day. Counts
-- the numbers a sender asks about for the first time; kept as long as the contact record, and of no other use.
CREATE TABLE first_seen (
    sender_id integer NOT NULL,
    tag bigint NOT NULL,
    day date NOT NULL,                        -- UTC
    CONSTRAINT first_seen_pkey PRIMARY KEY (sender_id, tag)
);
CREATE INDEX first_seen_day_idx ON first_seen (sender_id, day);
