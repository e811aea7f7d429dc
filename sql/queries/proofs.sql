-- name: leaf_hashes
-- The RFC 6962 leaf hashes of a run of entries in one value, 32 bytes each.
-- $1 sender, $2 first index, $3 one past the last.
SELECT coalesce(string_agg(sha256('\x00'::bytea || entry), ''::bytea ORDER BY entry_index), ''::bytea) AS hashes
FROM ledger_entry WHERE sender_id = $1 AND entry_index >= $2 AND entry_index < $3;
