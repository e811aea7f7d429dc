-- name: store_clearance
-- In the transaction of its check's record. $1 sender, $2 check, $3 key, $4 purpose, $5 campaign, $6 not before,
-- $7 expiry, $8 generation of the signing key, $9 terms, $10 gated, $11 digest of the text, $12 index of the entry.
INSERT INTO clearance (sender_id, check_id, key_id, purpose, campaign, not_before, expires_at, signed_by, terms, gated,
                       text_digest, changed_at_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: touch_clearance
-- With the entry that tells of it. $1 sender, $2 check, $3 index of the entry.
UPDATE clearance SET changed_at_index = $3 WHERE sender_id = $1 AND check_id = $2;

-- name: last_clearance_change
-- Under the locked head: nothing can follow it. $1 sender.
SELECT max(changed_at_index) FROM clearance WHERE sender_id = $1;

-- name: find_clearance
-- $1 the senders the caller may ask about, $2 check.
SELECT sender_id, check_id, key_id, purpose, campaign, not_before, expires_at, signed_by, terms, revoked_at,
       revoked_reason
FROM clearance
WHERE sender_id = ANY ($1::integer[]) AND check_id = $2;

-- name: revoke_clearance
-- Once; what was revoked stays revoked for its first reason. $1 sender, $2 check, $3 now, $4 reason.
UPDATE clearance SET revoked_at = $3, revoked_reason = $4
WHERE sender_id = $1 AND check_id = $2 AND revoked_at IS NULL
RETURNING check_id;

-- name: current_signing_keys
-- The generation in use, for each purpose that was ever rotated.
SELECT purpose, max(generation) AS generation FROM signing_key GROUP BY purpose;

-- name: rotate_signing_key
-- $1 purpose, $2 generation, $3 now.
INSERT INTO signing_key (purpose, generation, since) VALUES ($1, $2, $3);
