-- name: heads_to_stamp
-- Ledgers that have grown since they were stamped last, unless that was today. $1 today.
SELECT h.sender_id, h.size, h.peaks
FROM ledger_head h
LEFT JOIN (
    SELECT sender_id, max(day) AS day, max(size) AS size FROM head_timestamp GROUP BY sender_id
) AS t ON t.sender_id = h.sender_id
WHERE h.size > 0 AND (t.day IS NULL OR (t.day < $1 AND t.size <> h.size))
ORDER BY h.sender_id;

-- name: store_timestamp
-- $1 sender, $2 day, $3 size, $4 checkpoint, $5 the authority's answer, $6 now.
INSERT INTO head_timestamp (sender_id, day, size, checkpoint, token, stamped_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (sender_id, day) DO NOTHING;

-- name: timestamps_of
-- A sender's time-stamps of a period. $1 sender, $2 from and $3 to, exclusive, or NULL, $4 the largest size, $5 at most.
SELECT day, size, checkpoint, token, stamped_at FROM head_timestamp
WHERE sender_id = $1 AND ($2::timestamptz IS NULL OR stamped_at >= $2) AND ($3::timestamptz IS NULL OR stamped_at < $3)
  AND size <= $4
ORDER BY day DESC LIMIT $5;

-- name: claim_stamping
-- One process at a time, for as long as its connection keeps the lock. $1 the lock.
SELECT pg_try_advisory_lock($1);

-- name: end_stamping
-- $1 the lock.
SELECT pg_advisory_unlock($1);
