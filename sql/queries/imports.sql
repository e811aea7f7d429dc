-- name: lines_about
-- The entries about these people, to see what was brought in before. $1 sender, $2 tags.
SELECT e.entry
FROM opening o
JOIN ledger_entry e ON e.sender_id = o.sender_id AND e.entry_index = o.entry_index
WHERE o.sender_id = $1 AND o.tag = ANY ($2::bigint[]);
