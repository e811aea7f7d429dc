-- name: ledger_sizes
-- Every sender's, so that a sweep finds who has news.
SELECT sender_id, size FROM ledger_head;

-- name: oldest_clearing
-- The ledger size at which the first of a sender's clearances still of interest was computed: whoever it cleared and
-- says STOP is found from there on. $1 sender, $2 ended after.
SELECT min(r.evaluated_at)
FROM clearance c
JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
WHERE c.sender_id = $1 AND c.expires_at >= $2 AND c.purpose = 'marketing';

-- name: changes_since
-- Whose opposition changed, with the entry that says through what. $1 sender, $2 from the index, $3 to before,
-- $4 most rows.
SELECT o.tag, o.opposed, o.since, o.changed_at_index, e.entry
FROM ledger_head h
JOIN opt_out o ON o.sender_id = h.sender_id AND o.epoch = h.epoch
JOIN ledger_entry e ON e.sender_id = o.sender_id AND e.entry_index = o.changed_at_index
WHERE h.sender_id = $1 AND o.changed_at_index >= $2 AND o.changed_at_index < $3
ORDER BY o.changed_at_index
LIMIT $4;

-- name: clearings
-- Checks whose messages may have been received by now, with how many people each cleared; the tags stay where they are.
-- $1 sender, $2 ended after, $3 now.
SELECT c.check_id, c.campaign, r.checked_at, octet_length(b.tags) / 8 AS people
FROM clearance c
JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
JOIN cleared b ON b.sender_id = c.sender_id AND b.check_id = c.check_id
WHERE c.sender_id = $1 AND c.expires_at >= $2 AND c.not_before <= $3 AND c.purpose = 'marketing';

-- name: cleared_by
-- Whom some checks cleared, one after the other, by the epoch of the key that made the tags. $1 sender, $2 checks.
SELECT epoch, string_agg(tags, '') AS tags FROM cleared WHERE sender_id = $1 AND check_id = ANY ($2::text[])
GROUP BY epoch;

-- name: storm_releases
-- When a person last released what a storm had held. $1 sender.
SELECT scope, subject, max(released_at) AS released_at
FROM hold WHERE sender_id = $1 AND kind = 'storm' AND released_at IS NOT NULL
GROUP BY scope, subject;

-- name: senders_held_since
-- Whose holds are so young that a check of before may still be committed. $1 since.
SELECT DISTINCT sender_id FROM hold WHERE released_at IS NULL AND held_at >= $1;

-- name: add_rates
-- $1 connections, $2 minutes, $3 STOPs, $4 STARTs; sorted, so that two processes never wait for each other in a ring.
INSERT INTO connection_rate (connection_id, minute, stops, starts)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::integer[], $4::integer[]) ORDER BY 1, 2
ON CONFLICT (connection_id, minute) DO UPDATE SET
    stops = connection_rate.stops + EXCLUDED.stops, starts = connection_rate.starts + EXCLUDED.starts;

-- name: rate_since
-- What came through a connection lately. $1 connection, $2 since.
SELECT coalesce(sum(stops), 0)::integer AS stops, coalesce(sum(starts), 0)::integer AS starts
FROM connection_rate WHERE connection_id = $1 AND minute >= $2;

-- name: usual_rate
-- The busiest ten minutes of a connection. $1 connection, $2 from, $3 to before.
SELECT coalesce(max(stops), 0)::integer AS stops, coalesce(max(starts), 0)::integer AS starts
FROM (
    SELECT sum(stops) AS stops, sum(starts) AS starts
    FROM connection_rate WHERE connection_id = $1 AND minute >= $2 AND minute < $3
    GROUP BY floor(extract(epoch FROM minute) / 600)
) AS tens;

-- name: forget_rates
-- $1 before.
DELETE FROM connection_rate WHERE minute < $1;

-- name: suspend_lifting
-- Nothing where it is suspended already. $1 connection, $2 now, $3 why.
INSERT INTO lift_suspension (connection_id, suspended_at, reason) VALUES ($1, $2, $3)
ON CONFLICT (connection_id) WHERE restored_at IS NULL DO NOTHING
RETURNING connection_id;

-- name: restore_lifting
-- $1 connection, $2 now, $3 who, $4 why.
UPDATE lift_suspension SET restored_at = $2, restored_by = $3, restore_reason = $4
WHERE connection_id = $1 AND restored_at IS NULL
RETURNING connection_id;

-- name: lifting_restored_at
-- $1 connection.
SELECT max(restored_at) FROM lift_suspension WHERE connection_id = $1;
