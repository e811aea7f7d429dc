-- name: admission_state
-- Everything an admission is judged by, in one statement. $1 sender, $2 check, $3 pages, $4 digest of the request.
SELECT c.admissions, c.revoked_reason, a.body, a.admitted,
       ARRAY(SELECT p.page FROM admission_page p
             WHERE p.sender_id = $1 AND p.check_id = $2 AND p.page = ANY ($3::integer[]) AND NOT p.released
             ORDER BY p.page) AS pages,
       ARRAY(SELECT p.bits FROM admission_page p
             WHERE p.sender_id = $1 AND p.check_id = $2 AND p.page = ANY ($3::integer[]) AND NOT p.released
             ORDER BY p.page) AS bits,
       ARRAY(SELECT p.page FROM admission_page p
             WHERE p.sender_id = $1 AND p.check_id = $2 AND p.page = ANY ($3::integer[]) AND p.released
             ORDER BY p.page) AS released_pages,
       ARRAY(SELECT p.bits FROM admission_page p
             WHERE p.sender_id = $1 AND p.check_id = $2 AND p.page = ANY ($3::integer[]) AND p.released
             ORDER BY p.page) AS released_bits
FROM clearance c
LEFT JOIN admission_request a ON a.sender_id = $1 AND a.check_id = $2 AND a.request = $4
WHERE c.sender_id = $1 AND c.check_id = $2;

-- name: admit
-- Commits by itself. No row: another admission, a release or an end came first, and everything is judged anew.
-- $1 sender, $2 check, $3 admissions when it was judged, $4 pages, $5 their bits, $6 released, $7 digest of the request
-- (none: not kept), $8 digest of its body, $9 what it was admitted, $10 now. Where nothing was read before: $11 size,
-- $12 generation and $13 epoch of the sender's list that it was judged by, and $14 the key that asks; then there is no
-- row either when the list has changed, somebody holds, or the key is not in force.
WITH counted AS (
    UPDATE clearance c SET admissions = c.admissions + 1
    WHERE c.sender_id = $1 AND c.check_id = $2 AND c.admissions = $3 AND (c.revoked_at IS NULL OR $6)
      AND ($11::bigint IS NULL OR (
          EXISTS (
              SELECT FROM ledger_head h
              WHERE h.sender_id = $1 AND h.size = $11::bigint AND h.generation = $12::integer AND h.epoch = $13::integer
          )
          AND NOT EXISTS (SELECT FROM hold o WHERE o.sender_id = $1 AND o.released_at IS NULL)
          AND EXISTS (
              SELECT FROM api_key k
              WHERE k.key_id = $14::text AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $10)
          )
          AND NOT EXISTS (
              SELECT FROM admission_request r WHERE r.sender_id = $1 AND r.check_id = $2 AND r.request = $7::bytea
          )
      ))
    RETURNING c.sender_id
), written AS (
    INSERT INTO admission_page (sender_id, check_id, released, page, bits)
    SELECT $1, $2, $6, u.page, u.bits FROM counted, unnest($4::integer[], $5::bytea[]) AS u (page, bits)
    ON CONFLICT (sender_id, check_id, released, page) DO UPDATE SET bits = EXCLUDED.bits
), kept AS (
    INSERT INTO admission_request (sender_id, check_id, request, body, admitted, at)
    SELECT $1, $2, $7, $8, $9, $10 FROM counted WHERE $7::bytea IS NOT NULL
)
SELECT sender_id FROM counted;

-- name: cleared_of
-- $1 sender, $2 check.
SELECT tags, epoch FROM cleared WHERE sender_id = $1 AND check_id = $2;
