-- name: contacts_since
-- The clearances of a sender that changed since it was last looked, and begin within the window; small lists come along.
-- $1 sender, $2 ledger index, $3 start of the window, $4 bytes of a small list.
SELECT c.check_id, c.changed_at_index, c.campaign, c.text_digest, c.not_before, c.expires_at, c.gated,
       c.revoked_reason = 'released' AS released,
       CASE WHEN length(t.tags) <= $4 THEN t.tags END AS tags, t.epoch,
       EXISTS (SELECT 1 FROM admission_page p WHERE p.sender_id = c.sender_id AND p.check_id = c.check_id) AS paged
FROM clearance c
JOIN cleared t ON t.sender_id = c.sender_id AND t.check_id = c.check_id
WHERE c.sender_id = $1 AND c.changed_at_index >= $2 AND c.not_before > $3 AND c.purpose = 'marketing';

-- name: contacts_again
-- The same of these checks. $1 sender, $2 checks, $3 bytes of a small list.
SELECT c.check_id, c.changed_at_index, c.campaign, c.text_digest, c.not_before, c.expires_at, c.gated,
       c.revoked_reason = 'released' AS released,
       CASE WHEN length(t.tags) <= $3 THEN t.tags END AS tags, t.epoch,
       EXISTS (SELECT 1 FROM admission_page p WHERE p.sender_id = c.sender_id AND p.check_id = c.check_id) AS paged
FROM clearance c
JOIN cleared t ON t.sender_id = c.sender_id AND t.check_id = c.check_id
WHERE c.sender_id = $1 AND c.check_id = ANY ($2::text[]);

-- name: pages_of
-- $1 sender, $2 check.
SELECT released, page, bits FROM admission_page WHERE sender_id = $1 AND check_id = $2;
