-- name: find_replay
-- The check recorded under an Idempotency-Key. $1 sender, $2 keyed digest of caller and key.
SELECT r.check_id, p.body_digest, p.expires_at, r.checked_at, r.evaluated_at, p.peaks, r.counts, p.reasons,
       c.terms, c.not_before, c.expires_at AS clearance_expires_at, c.signed_by, c.revoked_reason
FROM check_replay p
JOIN check_record r ON r.sender_id = p.sender_id AND r.check_id = p.check_id
LEFT JOIN clearance c ON c.sender_id = p.sender_id AND c.check_id = p.check_id
WHERE p.sender_id = $1 AND p.key_digest = $2;

-- name: remember_replay
-- In the record's own transaction, so that a key has one check however many calls race; no row: the key is taken.
-- $1 sender, $2 key digest, $3 body digest, $4 check, $5 expiry, $6 peaks, $7 reasons.
INSERT INTO check_replay (sender_id, key_digest, body_digest, check_id, expires_at, peaks, reasons)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (sender_id, key_digest) DO NOTHING
RETURNING check_id;

-- name: forget_replays
-- What expired before an instant. $1 sender, $2 instant.
DELETE FROM check_replay WHERE sender_id = $1 AND expires_at < $2;

-- name: check_by_id
-- $1 the senders the caller may ask about, $2 check.
SELECT sender_id, entry_index, key_id, purpose, campaign, checked_at, evaluated_at, counts
FROM check_record
WHERE sender_id = ANY ($1::integer[]) AND check_id = $2;
