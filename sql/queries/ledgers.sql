-- name: lock_head
-- One head at a time, in id order: a lock over several rows cannot be distributed. $1 sender.
SELECT size, peaks, generation FROM ledger_head WHERE sender_id = $1 FOR UPDATE;

-- name: read_heads
-- Heads whose locks are held. $1 senders.
SELECT sender_id, size, peaks FROM ledger_head WHERE sender_id = ANY ($1::integer[]);

-- name: read_head
-- $1 sender.
SELECT size, peaks, generation FROM ledger_head WHERE sender_id = $1;

-- name: advance_heads
-- $1 senders, $2 sizes, $3 peaks.
UPDATE ledger_head h SET size = u.size, peaks = u.peaks
FROM unnest($1::integer[], $2::bigint[], $3::bytea[]) AS u (sender_id, size, peaks)
WHERE h.sender_id = u.sender_id;

-- name: append_entries
-- $1 senders, $2 indexes, $3 entries.
INSERT INTO ledger_entry (sender_id, entry_index, entry)
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[]);

-- name: entries_page
-- $1 sender, $2 first index, $3 one past the last.
SELECT entry_index, entry FROM ledger_entry
WHERE sender_id = $1 AND entry_index >= $2 AND entry_index < $3 ORDER BY entry_index;

-- name: put_openings
-- $1 senders, $2 tags, $3 indexes, $4 salts.
INSERT INTO opening (sender_id, tag, entry_index, salt)
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bytea[]);
