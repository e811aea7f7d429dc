-- name: quarantine_page
-- The requests that wait, oldest first, from where the last page ended. $1 connection, $2 received, $3 fingerprint, $4 how many.
SELECT fingerprint, reason, box, received_at, times_seen
FROM quarantine
WHERE connection_id = $1 AND (received_at, fingerprint) > ($2::timestamptz, $3::bytea)
ORDER BY received_at, fingerprint LIMIT $4;

-- name: leave_quarantine
-- What was applied waits no longer. $1 connection, $2 fingerprint.
DELETE FROM quarantine WHERE connection_id = $1 AND fingerprint = $2;
