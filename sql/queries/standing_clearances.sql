-- name: add_standing
-- $1 sender, $2 id, $3 now, $4 who, $5 until, $6 generation of the key, $7 terms.
INSERT INTO standing_clearance (sender_id, standing_id, issued_at, issued_by, expires_at, signed_by, terms)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: find_standing
-- Whose it is only the caller knows, so all senders it acts for are looked through. $1 senders, $2 id.
SELECT sender_id, standing_id, issued_at, issued_by, expires_at, terms, revoked_at, revoked_reason
FROM standing_clearance WHERE sender_id = ANY ($1::integer[]) AND standing_id = $2;

-- name: standing_listed
-- All of them, the newest first. $1 most rows.
SELECT sender_id, standing_id, issued_at, issued_by, expires_at, terms, revoked_at, revoked_reason
FROM standing_clearance ORDER BY issued_at DESC, standing_id LIMIT $1;

-- name: revoke_standing
-- $1 sender, $2 id, $3 now, $4 why. Returns the id when it was in force until now.
UPDATE standing_clearance SET revoked_at = $3, revoked_reason = $4
WHERE sender_id = $1 AND standing_id = $2 AND revoked_at IS NULL RETURNING standing_id;

-- name: denied_standing
-- What ended before its time and would otherwise still hold. $1 now.
SELECT standing_id FROM standing_clearance WHERE revoked_at IS NOT NULL AND expires_at > $1 ORDER BY standing_id;

-- name: tell_use
-- $1 sender, $2 id, $3 use, $4 gateway, $5 at, $6 count, $7 campaign, $8 drill, $9 key, $10 now. Returns the use, or
-- nothing where it was told before; a second telling at the same moment waits for the first.
INSERT INTO standing_use (sender_id, standing_id, use_id, gateway, at, count, campaign, drill, key_id, told_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (sender_id, standing_id, use_id) DO NOTHING RETURNING use_id;

-- name: find_use
-- $1 sender, $2 id, $3 use.
SELECT gateway, at, count, campaign, drill FROM standing_use WHERE sender_id = $1 AND standing_id = $2 AND use_id = $3;

-- name: used_on
-- Messages sent within a day. $1 sender, $2 id, $3 from, $4 until.
SELECT coalesce(sum(count), 0)::bigint FROM standing_use
WHERE sender_id = $1 AND standing_id = $2 AND at >= $3 AND at < $4;
