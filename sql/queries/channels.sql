-- name: prove_channels
-- Later proofs than those known. $1 connections, $2 codes (pairs unique and sorted), $3 last STOPs, $4 now.
INSERT INTO channel AS h (connection_id, code, stop_at, state, since, why)
SELECT u.connection_id, u.code, u.stop_at, 'never-proven', $4, ''
FROM unnest($1::integer[], $2::text[], $3::timestamptz[]) AS u (connection_id, code, stop_at)
ON CONFLICT (connection_id, code) DO UPDATE SET stop_at = greatest(h.stop_at, EXCLUDED.stop_at)
RETURNING h.code, h.state;

-- name: prove_by_canary
-- $1 connection, $2 code, $3 when it came, $4 how it was texted, $5 now.
INSERT INTO channel AS h (connection_id, code, canary_at, canary, state, since, why)
VALUES ($1, $2, $3, $4, 'never-proven', $5, '')
ON CONFLICT (connection_id, code)
DO UPDATE SET canary_at = greatest(h.canary_at, EXCLUDED.canary_at),
              canary = CASE WHEN h.canary_at > EXCLUDED.canary_at THEN h.canary ELSE EXCLUDED.canary END;

-- name: add_stops
-- $1 connections, $2 codes, $3 days, $4 STOPs (unique, sorted).
INSERT INTO channel_day AS d (connection_id, code, day, stops)
SELECT * FROM unnest($1::integer[], $2::text[], $3::date[], $4::bigint[])
ON CONFLICT (connection_id, code, day) DO UPDATE SET stops = d.stops + EXCLUDED.stops;

-- name: add_cleared
-- $1 codes, $2 minutes, $3 numbers (unique, sorted).
INSERT INTO code_cleared AS c (code, minute, numbers)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[])
ON CONFLICT (code, minute) DO UPDATE SET numbers = c.numbers + EXCLUDED.numbers;

-- name: read_channels
-- Everything a channel is judged by. $1 code (NULL: all), $2 history since, $3 what was cleared later is too young to be
-- answered.
SELECT h.connection_id, n.slug, h.code, h.stop_at, h.canary_at, h.canary, h.state, h.since, h.why,
       (SELECT coalesce(sum(c.numbers), 0) FROM code_cleared c
        WHERE c.code = h.code AND c.minute >= greatest(h.stop_at, h.canary_at) AND c.minute < $3)::bigint AS unanswered,
       (SELECT coalesce(sum(c.numbers), 0) FROM code_cleared c
        WHERE c.code = h.code AND c.minute >= $2 AND c.minute < greatest(h.stop_at, h.canary_at))::bigint AS answered,
       (SELECT coalesce(sum(d.stops), 0) FROM channel_day d
        WHERE d.connection_id = h.connection_id AND d.code = h.code AND d.day >= $2::date)::bigint AS stops
FROM channel h JOIN connection n ON n.connection_id = h.connection_id
WHERE $1::text IS NULL OR h.code = $1
ORDER BY h.code, h.connection_id;

-- name: move_channel
-- Only while nothing was proven since it was read. $1 connection, $2 code, $3 state read, $4 last STOP read, $5 last canary
-- read, $6 new state, $7 since, $8 why.
UPDATE channel SET state = $6, since = $7, why = $8
WHERE connection_id = $1 AND code = $2 AND state = $3
  AND stop_at IS NOT DISTINCT FROM $4::timestamptz AND canary_at IS NOT DISTINCT FROM $5::timestamptz
RETURNING connection_id;

-- name: add_channel_event
-- $1 connection, $2 code, $3 at, $4 was, $5 became, $6 why.
INSERT INTO channel_event (connection_id, code, at, was, became, why) VALUES ($1, $2, $3, $4, $5, $6);

-- name: list_channel_events
-- The newest of a code (NULL: of all), newest first. $1 code, $2 how many.
SELECT n.slug, e.code, e.at, e.was, e.became, e.why
FROM channel_event e JOIN connection n ON n.connection_id = e.connection_id
WHERE $1::text IS NULL OR e.code = $1 ORDER BY e.event_id DESC LIMIT $2;

-- name: add_canary
-- $1 code, $2 now, $3 expires, $4 by whom, $5 may be texted as a STOP.
INSERT INTO canary (code, issued_at, expires_at, issued_by, as_stop) VALUES ($1, $2, $3, $4, $5) RETURNING canary_id;

-- name: find_canary
-- One that the registry issued by itself and that lives long enough to be shown again. $1 code, $2 lives at.
SELECT canary_id, expires_at FROM canary
WHERE code = $1 AND returned_at IS NULL AND NOT as_stop AND expires_at > $2 ORDER BY expires_at DESC LIMIT 1;

-- name: canaries_in_question
-- Those that a message may be: alive when it came, or brought back by an earlier delivery of it. $1 code, $2 when it
-- came, $3 its dedupe key, $4 how many.
SELECT canary_id, as_stop, issued_at, returned_at, dedupe FROM canary
WHERE code = $1 AND (expires_at > $2 OR dedupe = $3) ORDER BY canary_id DESC LIMIT $4;

-- name: return_canary
-- Once. $1 canary, $2 when it came, $3 connection, $4 dedupe key of the message.
UPDATE canary SET returned_at = $2, connection_id = $3, dedupe = $4
WHERE canary_id = $1 AND returned_at IS NULL RETURNING canary_id;

-- name: list_canaries
-- The newest first. $1 how many.
SELECT c.canary_id, c.code, c.issued_at, c.expires_at, c.issued_by, c.as_stop, c.returned_at, n.slug
FROM canary c LEFT JOIN connection n ON n.connection_id = c.connection_id ORDER BY c.canary_id DESC LIMIT $1;

-- name: forget_cleared
-- What is too old to tell a usual rate. $1 before.
DELETE FROM code_cleared WHERE minute < $1;

-- name: forget_stops
-- $1 before.
DELETE FROM channel_day WHERE day < $1::date;
