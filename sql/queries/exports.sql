-- name: export_lines
-- Entries as one value, each with a line end. $1 sender, $2 first index, $3 one past the last.
SELECT coalesce(string_agg(entry || '\x0a'::bytea, ''::bytea ORDER BY entry_index), ''::bytea) FROM ledger_entry
WHERE sender_id = $1 AND entry_index >= $2 AND entry_index < $3;

-- name: export_keys
-- Keys that may act for a sender, and those that run the registry, if in force within a period, with who gave and who
-- revoked them. $1 sender, $2 start or NULL, $3 end or NULL.
SELECT k.key_id, k.role, k.label, k.created_at, i.actor AS issued_by, k.expires_at, k.revoked_at, r.actor AS revoked_by
FROM api_key k
LEFT JOIN (SELECT subject, min(actor) AS actor FROM admin_journal WHERE action = 'key.issue' GROUP BY subject) i
    ON i.subject = k.key_id
LEFT JOIN (SELECT subject, min(actor) AS actor FROM admin_journal WHERE action = 'key.revoke' GROUP BY subject) r
    ON r.subject = k.key_id
WHERE (k.role = 'admin' OR k.key_id IN (SELECT key_id FROM api_key_sender WHERE sender_id = $1))
  AND ($2::timestamptz IS NULL OR coalesce(k.revoked_at, 'infinity') >= $2)
  AND ($3::timestamptz IS NULL OR k.created_at < $3)
ORDER BY k.created_at, k.key_id;

-- name: export_journal
-- What people did or saw that concerned a sender, page by page. $1 subjects, $2 start or NULL, $3 end or NULL, $4 after,
-- $5 how many, $6 sender.
SELECT journal_id, at, actor, action, subject, detail FROM admin_journal
WHERE (subject = ANY ($1::text[]) OR $6 = ANY (sender_ids)) AND journal_id > $4
  AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
ORDER BY journal_id LIMIT $5;

-- name: export_alarms
-- Alarms that were open within a period, page by page. $1 start or NULL, $2 end or NULL, $3 after, $4 how many.
SELECT alarm_id, kind, subject, detail, opened_at, closed_at FROM alarm
WHERE alarm_id > $3 AND ($1::timestamptz IS NULL OR coalesce(closed_at, 'infinity') >= $1)
  AND ($2::timestamptz IS NULL OR opened_at < $2)
ORDER BY alarm_id LIMIT $4;

-- name: export_quarantine
-- How much waits in the quarantine of some connections. $1 connections, $2 start or NULL, $3 end or NULL.
SELECT date_trunc('day', received_at AT TIME ZONE 'UTC')::date AS day, connection_id, reason, count(*) AS requests,
       sum(times_seen)::bigint AS receipts
FROM quarantine
WHERE connection_id = ANY ($1::integer[])
  AND ($2::timestamptz IS NULL OR received_at >= $2) AND ($3::timestamptz IS NULL OR received_at < $3)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
