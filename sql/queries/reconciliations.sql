-- name: known_messages
-- Which of these messages are in the journal. $1 connection, $2 dedupe keys.
SELECT dedupe FROM mo WHERE connection_id = $1 AND dedupe = ANY ($2::bytea[]);

-- name: journal_between
-- What the journal holds of a period. $1 connection, $2 from, $3 to.
SELECT dedupe, event_at, intent FROM mo WHERE connection_id = $1 AND event_at >= $2 AND event_at < $3 ORDER BY event_at;

-- name: opposed_page
-- A page of those who are opposed to a sender. $1 sender, $2 epoch of the tags, $3 the last tag of the page before, $4 how many.
SELECT tag, changed_at_index, history FROM opt_out
WHERE sender_id = $1 AND opposed AND epoch = $2 AND tag > $3 ORDER BY tag LIMIT $4;

-- name: keep_reconciliation
-- $1 connection, $2 id, $3 kind, $4 actor, $5 now, $6 report as JSON.
INSERT INTO reconciliation (connection_id, reconciliation_id, kind, actor, at, report) VALUES ($1, $2, $3, $4, $5, $6);
