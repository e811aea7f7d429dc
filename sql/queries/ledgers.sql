-- name: lock_head
-- One head at a time, in id order: a lock over several rows cannot be distributed. $1 sender.
SELECT sender_id, size, peaks, epoch, retagging FROM ledger_head WHERE sender_id = $1 FOR UPDATE;

-- name: read_head
-- $1 sender.
SELECT size, peaks, generation FROM ledger_head WHERE sender_id = $1;

-- name: begin_generation
-- What is no append has changed a list, or whose lists hold: every index is built anew, and no belief about it holds.
-- $1 sender.
UPDATE ledger_head SET generation = generation + 1 WHERE sender_id = $1;

-- name: entries_page
-- $1 sender, $2 first index, $3 one past the last.
SELECT entry_index, entry FROM ledger_entry
WHERE sender_id = $1 AND entry_index >= $2 AND entry_index < $3 ORDER BY entry_index;

-- name: append
-- All that is new in one sender's ledger and list. Nothing is written, and nothing returned, unless the head is still the
-- one that the lines were written for. One sender at a time, so that it can be distributed.
-- $1 sender, $2 its size and $3 peaks before, $4 size and $5 peaks after, $6 entries, in order;
-- openings: $7 tags, $8 indexes, $9 salts;
-- states: $10 tags, $11 opposed, $12 since, $13 sources, $14 changed at index, $15 confirmed at, $16 histories;
-- instants in microseconds;
-- $17 epoch of the key in force, which made the tags.
WITH head AS (
    UPDATE ledger_head SET size = $4, peaks = $5
    WHERE sender_id = $1 AND size = $2 AND peaks = $3
    RETURNING sender_id
), entries AS (
    INSERT INTO ledger_entry (sender_id, entry_index, entry)
    SELECT h.sender_id, $2 + u.place - 1, u.entry
    FROM head h CROSS JOIN unnest($6::bytea[]) WITH ORDINALITY AS u (entry, place)
), openings AS (
    INSERT INTO opening (sender_id, tag, entry_index, salt, epoch, made_in)
    SELECT h.sender_id, u.tag, u.entry_index, u.salt, $17::integer, $17::integer
    FROM head h CROSS JOIN unnest($7::text::bigint[], $8::text::bigint[], $9::bytea[]) AS u (tag, entry_index, salt)
), states AS (
    INSERT INTO opt_out (sender_id, tag, opposed, since, source, changed_at_index, confirmed_at, history, epoch)
    SELECT h.sender_id, u.tag, u.opposed, timestamptz 'epoch' + u.since * interval '1 microsecond', u.source,
           u.changed_at_index, timestamptz 'epoch' + u.confirmed * interval '1 microsecond', u.history, $17::integer
    FROM head h
    CROSS JOIN unnest($10::text::bigint[], $11::text::boolean[], $12::text::bigint[], $13::text[], $14::text::bigint[],
                      $15::text::bigint[], $16::bytea[])
               AS u (tag, opposed, since, source, changed_at_index, confirmed, history)
    ON CONFLICT (sender_id, tag) DO UPDATE SET
        opposed = EXCLUDED.opposed, since = EXCLUDED.since, source = EXCLUDED.source,
        changed_at_index = EXCLUDED.changed_at_index, confirmed_at = EXCLUDED.confirmed_at, history = EXCLUDED.history
)
SELECT sender_id FROM head;
