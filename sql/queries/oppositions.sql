-- name: standings
-- The present state of these people, read while the heads are locked. $1 senders, $2 tags.
SELECT o.sender_id, o.tag, o.opposed, o.since, o.source, o.changed_at_index, o.confirmed_at, o.history
FROM opt_out o
JOIN unnest($1::text::integer[], $2::text::bigint[]) AS u (sender_id, tag)
  ON o.sender_id = u.sender_id AND o.tag = u.tag;

-- name: read_state
-- Everything a check must agree with, in one statement on the primary: holds, size, root, generation, what changed since
-- the index was last brought up, and whose lists hold too. $1 sender, $2 the index's size, $3 its generation, $4 the most it can catch up.
SELECT (
           SELECT json_agg(standing)::text
           FROM (
               SELECT hold_id, scope, subject, kind, purposes, reason, held_by, held_at
               FROM hold WHERE sender_id = $1 AND released_at IS NULL
           ) AS standing
       ) AS holds,
       h.size, h.peaks, h.generation, o.tag, o.opposed, s.inherits, h.epoch
FROM ledger_head h
JOIN sender s ON s.sender_id = h.sender_id
LEFT JOIN opt_out o
  ON o.sender_id = h.sender_id AND o.changed_at_index >= $2 AND o.epoch = h.epoch
 AND h.generation = $3 AND h.size - $2 <= $4
WHERE h.sender_id = $1;

-- name: copy_opposed
-- For a cold index, by binary COPY. $1 sender, $2 epoch in force.
SELECT tag FROM opt_out WHERE sender_id = $1 AND opposed AND epoch = $2;

-- name: state_and_opposed_among
-- A small batch on a cold index asks the table, in the one snapshot that also reads the size. $1 sender, $2 tags.
SELECT (
           SELECT json_agg(standing)::text
           FROM (
               SELECT hold_id, scope, subject, kind, purposes, reason, held_by, held_at
               FROM hold WHERE sender_id = $1 AND released_at IS NULL
           ) AS standing
       ) AS holds,
       h.size, h.peaks, h.generation, s.inherits, h.epoch,
       ARRAY(SELECT o.tag FROM opt_out o WHERE o.sender_id = $1 AND o.tag = ANY ($2::bigint[]) AND o.opposed) AS found
FROM ledger_head h
JOIN sender s ON s.sender_id = h.sender_id
WHERE h.sender_id = $1;
