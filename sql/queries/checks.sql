-- name: store_cleared
-- Before the record: without its record a blob is an orphan and is purged. $1 sender, $2 check, $3 now, $4 tags.
INSERT INTO cleared (sender_id, check_id, stored_at, tags) VALUES ($1, $2, $3, $4);

-- name: record_check
-- $1 sender, $2 check, $3 entry index, $4 key, $5 purpose, $6 campaign, $7 now, $8 evaluated at, $9 counts.
INSERT INTO check_record (sender_id, check_id, entry_index, key_id, purpose, campaign, checked_at, evaluated_at, counts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
