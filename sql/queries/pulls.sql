-- name: claim_pull
-- One process at a time, and not before its time. $1 connection, $2 now, $3 until, $4 the latest start that makes it due.
INSERT INTO pull AS p (connection_id, started_at, claimed_until) VALUES ($1, $2, $3)
ON CONFLICT (connection_id) DO UPDATE SET started_at = EXCLUDED.started_at, claimed_until = EXCLUDED.claimed_until
WHERE (p.claimed_until IS NULL OR p.claimed_until <= $2) AND p.started_at <= $4
RETURNING p.connection_id;

-- name: end_pull
-- $1 connection, $2 now, $3 listed, $4 applied.
UPDATE pull SET claimed_until = NULL, succeeded_at = $2, error = NULL, listed = $3, applied = $4
WHERE connection_id = $1;

-- name: fail_pull
-- $1 connection, $2 now, $3 what happened.
UPDATE pull SET claimed_until = NULL, failed_at = $2, error = $3 WHERE connection_id = $1;

-- name: list_pulls
-- The health of every puller.
SELECT connection_id, started_at, succeeded_at, failed_at, error, listed, applied FROM pull ORDER BY connection_id;

-- name: pulled_items
-- What the lists held last time. $1 connection.
SELECT item FROM pulled WHERE connection_id = $1;

-- name: add_pulled
-- $1 connection, $2 items, $3 now.
INSERT INTO pulled (connection_id, item, first_seen_at)
SELECT $1, item, $3 FROM unnest($2::bytea[]) AS u (item)
ON CONFLICT (connection_id, item) DO NOTHING;

-- name: drop_pulled
-- $1 connection, $2 items.
DELETE FROM pulled WHERE connection_id = $1 AND item = ANY ($2::bytea[]);
