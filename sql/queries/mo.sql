-- name: remember_messages
-- Dedupe. A repeat writes too: its own commit must wait for what the first one's waited for (D1). One that was
-- interrupted while it was written to many senders is resumed: fresh, but not new.
-- $1 connections, $2 dedupe keys (unique, sorted), $3 received and $4 event times (microseconds), $5 what was said, as a
-- place in $6 intents, $7 rules, $8 codes, $9 bases; $10 copies, $11 more parts are to come.
INSERT INTO mo AS m (connection_id, dedupe, received_at, event_at, intent, rule, code, basis, times_seen, last_seen_at,
                     fanning_out)
SELECT u.connection_id, u.dedupe, timestamptz 'epoch' + u.received * interval '1 microsecond',
       timestamptz 'epoch' + u.event * interval '1 microsecond',
       ($6::text[])[u.said], ($7::text[])[u.said], ($8::text[])[u.said], ($9::text[])[u.said], u.copies,
       timestamptz 'epoch' + u.received * interval '1 microsecond', u.fanning_out
FROM unnest($1::text::integer[], $2::bytea[], $3::text::bigint[], $4::text::bigint[], $5::text::integer[],
            $10::text::integer[], $11::text::boolean[])
     AS u (connection_id, dedupe, received, event, said, copies, fanning_out)
ON CONFLICT (connection_id, dedupe)
DO UPDATE SET times_seen = m.times_seen + EXCLUDED.times_seen, last_seen_at = EXCLUDED.last_seen_at
RETURNING m.connection_id, m.dedupe, (m.xmax = 0 OR m.fanning_out) AS fresh, m.received_at,
          (m.fanning_out AND NOT m.xmax = 0) AS resumed;

-- name: end_fan_out
-- Every sender of a message is written. $1 connection, $2 dedupe key.
UPDATE mo SET fanning_out = false WHERE connection_id = $1 AND dedupe = $2;

-- name: effects_of
-- What earlier deliveries of these messages did. $1 connections, $2 dedupe keys.
SELECT e.connection_id, e.dedupe, e.sender_id, e.entry_index, e.leaf, e.confirm
FROM mo_effect e
JOIN unnest($1::integer[], $2::bytea[]) AS u (connection_id, dedupe)
  ON e.connection_id = u.connection_id AND e.dedupe = u.dedupe
ORDER BY e.connection_id, e.dedupe, e.sender_id, e.entry_index;

-- name: remember_effects
-- $1 connections, $2 dedupe keys, $3 senders, $4 entry indexes, $5 leaf hashes, $6 confirm.
INSERT INTO mo_effect (connection_id, dedupe, sender_id, entry_index, leaf, confirm)
SELECT *
FROM unnest($1::text::integer[], $2::bytea[], $3::text::integer[], $4::text::bigint[], $5::bytea[], $6::text::boolean[]);

-- name: quarantine_size
-- How many requests of this connection wait. $1 connection.
SELECT count(*) AS size FROM quarantine WHERE connection_id = $1;

-- name: put_in_quarantine
-- $1 connection, $2 fingerprint, $3 reason, $4 sealed request, $5 now.
INSERT INTO quarantine AS q (connection_id, fingerprint, reason, box, received_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (connection_id, fingerprint) DO UPDATE SET times_seen = q.times_seen + 1;

-- name: list_quarantine
-- $1 connection, $2 how many.
SELECT fingerprint, reason, box, received_at, times_seen
FROM quarantine WHERE connection_id = $1 ORDER BY received_at LIMIT $2;
