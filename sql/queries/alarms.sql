-- name: open_alarm
-- Once: while the same alarm is open, nothing happens. $1 kind, $2 subject, $3 detail, $4 now.
INSERT INTO alarm (kind, subject, detail, opened_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (kind, subject) WHERE closed_at IS NULL DO NOTHING;

-- name: close_alarm
-- $1 kind, $2 subject, $3 now.
UPDATE alarm SET closed_at = $3 WHERE kind = $1 AND subject = $2 AND closed_at IS NULL;

-- name: close_alarm_by_id
-- $1 alarm, $2 now.
UPDATE alarm SET closed_at = $2 WHERE alarm_id = $1 AND closed_at IS NULL RETURNING kind, subject;

-- name: list_alarms
-- The newest alarms. $1 the closed ones too, $2 how many.
SELECT alarm_id, kind, subject, detail, opened_at, closed_at
FROM alarm WHERE $1::boolean OR closed_at IS NULL ORDER BY alarm_id DESC LIMIT $2;
