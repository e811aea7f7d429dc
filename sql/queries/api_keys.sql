-- name: find_key
-- A key that is in force, with the senders it may act for. $1 key id, $2 now.
SELECT k.key_id, k.secret_sha256, k.role, k.label,
       array(SELECT s.sender_id FROM api_key_sender s WHERE s.key_id = k.key_id ORDER BY s.sender_id) AS sender_ids
FROM api_key k
WHERE k.key_id = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2);

-- name: add_key
-- $1 key id, $2 SHA-256 of the secret, $3 role, $4 label, $5 now, $6 expiry or NULL.
INSERT INTO api_key (key_id, secret_sha256, role, label, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: add_key_sender
-- $1 key id, $2 sender.
INSERT INTO api_key_sender (key_id, sender_id) VALUES ($1, $2);

-- name: revoke_key
-- $1 key id, $2 now. Returns the id, or nothing when there is no such key in force.
UPDATE api_key SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id;
