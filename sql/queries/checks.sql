-- name: store_cleared
-- Before the record: without its record a blob is an orphan and is purged. $1 sender, $2 check, $3 now, $4 tags,
-- $5 epoch of the tags.
INSERT INTO cleared (sender_id, check_id, stored_at, tags, epoch) VALUES ($1, $2, $3, $4, $5);

-- name: record_check
-- $1 sender, $2 check, $3 entry index, $4 key, $5 purpose, $6 campaign, $7 now, $8 evaluated at, $9 counts.
INSERT INTO check_record (sender_id, check_id, entry_index, key_id, purpose, campaign, checked_at, evaluated_at, counts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: record_alone
-- A check that nothing else is committed with, as one statement: entry, record, whom it cleared and its clearance.
-- Nothing is written, and nothing returned, unless the head is still the one that the entry was written for.
-- $1 sender, $2 its size and $3 peaks before, $4 peaks after, $5 entry, $6 check, $7 now, $8 key, $9 purpose,
-- $10 campaign, $11 evaluated at, $12 counts, $13 cleared tags or NULL, $14 not before, $15 expiry, $16 generation of
-- the signing key, $17 terms, $18 gated, $19 digest of the text, or NULL without a clearance, $20 epoch of the cleared
-- tags, $21 generation of the list that the check was judged by without asking for it, or NULL. A list of that size and
-- generation is the same list, and whoever inherits one begins a generation; a hold and the end of a key are looked for
-- here, in the snapshot that writes. Whom a key may act for is never taken back.
WITH head AS (
    UPDATE ledger_head h SET size = $2::bigint + 1, peaks = $4
    WHERE h.sender_id = $1 AND h.size = $2::bigint AND h.peaks = $3
      AND ($21::integer IS NULL OR (
          h.generation = $21::integer AND h.epoch = $20::integer
          AND NOT EXISTS (SELECT FROM hold o WHERE o.sender_id = $1 AND o.released_at IS NULL)
          AND EXISTS (
              SELECT FROM api_key k
              WHERE k.key_id = $8 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $7)
          )
      ))
    RETURNING h.sender_id
), entries AS (
    INSERT INTO ledger_entry (sender_id, entry_index, entry)
    SELECT h.sender_id, $2::bigint, $5 FROM head h
), tags AS (
    INSERT INTO cleared (sender_id, check_id, stored_at, tags, epoch)
    SELECT h.sender_id, $6::text, $7::timestamptz, $13::bytea, $20::integer FROM head h WHERE $13::bytea IS NOT NULL
), permits AS (
    INSERT INTO clearance (sender_id, check_id, key_id, purpose, campaign, not_before, expires_at, signed_by, terms,
                           gated, text_digest, changed_at_index)
    SELECT h.sender_id, $6::text, $8::text, $9::text, $10::text, $14, $15, $16, $17::bytea, $18, $19, $2::bigint
    FROM head h WHERE $17::bytea IS NOT NULL
)
INSERT INTO check_record (sender_id, check_id, entry_index, key_id, purpose, campaign, checked_at, evaluated_at, counts)
SELECT h.sender_id, $6::text, $2::bigint, $8::text, $9::text, $10::text, $7::timestamptz, $11, $12 FROM head h
RETURNING entry_index;
