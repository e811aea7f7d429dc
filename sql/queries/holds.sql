-- name: put_hold
-- Nothing where the same stands already: of two processes that see one storm, one holds. $1 sender, $2 hold, $3 scope,
-- $4 subject, $5 kind, $6 purposes, $7 reason, $8 who, $9 now. Returns the id.
INSERT INTO hold (sender_id, hold_id, scope, subject, kind, purposes, reason, held_by, held_at)
VALUES ($1, $2, $3, $4, $5, $6::text[], $7, $8, $9)
ON CONFLICT (sender_id, scope, subject, kind) WHERE released_at IS NULL DO NOTHING
RETURNING hold_id;

-- name: standing_holds
-- What stands in the way of a sender's sending. $1 sender.
SELECT hold_id, scope, subject, kind, purposes, reason, held_by, held_at
FROM hold WHERE sender_id = $1 AND released_at IS NULL ORDER BY held_at, hold_id;

-- name: held_senders
-- Everybody for whom something is held.
SELECT DISTINCT sender_id FROM hold WHERE released_at IS NULL;

-- name: release_holds
-- $1 sender, $2 the holds, $3 now, $4 who, $5 why. Returns those that were released by this very statement.
UPDATE hold SET released_at = $3, released_by = $4, release_reason = $5
WHERE sender_id = $1 AND hold_id = ANY ($2::text[]) AND released_at IS NULL
RETURNING hold_id;

-- name: hold_history
-- All that was ever held, the newest first. $1 sender, $2 most rows.
SELECT hold_id, scope, subject, kind, purposes, reason, held_by, held_at, released_at, released_by, release_reason
FROM hold WHERE sender_id = $1 ORDER BY held_at DESC, hold_id LIMIT $2;

-- name: key_of_sender
-- A key that acts for a sender, in force or not: what it cleared before it was revoked can be held too.
-- $1 sender, $2 key id.
SELECT key_id FROM api_key_sender WHERE sender_id = $1 AND key_id = $2;

-- name: live_clearances
-- What may still be sent under. $1 sender, $2 now.
SELECT check_id, key_id, purpose, campaign
FROM clearance WHERE sender_id = $1 AND expires_at > $2 AND revoked_at IS NULL;

-- name: end_held_clearances
-- $1 sender, $2 checks, $3 now. Returns those ended by this very statement.
UPDATE clearance SET revoked_at = $3, revoked_reason = 'held'
WHERE sender_id = $1 AND check_id = ANY ($2::text[]) AND revoked_at IS NULL
RETURNING check_id;
