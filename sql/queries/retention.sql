-- name: contacts_due
-- Whom checks cleared longer ago than is kept: lists, people in them, the oldest. $1 stored before.
SELECT sender_id, count(*) AS entries, sum(octet_length(tags) / 8)::bigint AS people, min(stored_at) AS oldest
FROM cleared WHERE stored_at < $1 GROUP BY sender_id ORDER BY sender_id;

-- name: purge_contacts
-- Some of them at a time, with what was admitted of them. $1 sender, $2 stored before, $3 how many.
WITH gone AS (
    DELETE FROM cleared WHERE sender_id = $1 AND check_id IN (
        SELECT c.check_id FROM cleared c WHERE c.sender_id = $1 AND c.stored_at < $2 ORDER BY c.stored_at LIMIT $3
    ) RETURNING check_id
), pages AS (
    DELETE FROM admission_page WHERE sender_id = $1 AND check_id IN (SELECT g.check_id FROM gone g)
), requests AS (
    DELETE FROM admission_request WHERE sender_id = $1 AND check_id IN (SELECT g.check_id FROM gone g)
)
SELECT count(*) AS entries FROM gone;

-- name: orphans_due
-- Lists stored for checks that were never recorded, hence never answered. $1 stored before.
SELECT c.sender_id, count(*) AS entries, sum(octet_length(c.tags) / 8)::bigint AS people, min(c.stored_at) AS oldest
FROM cleared c LEFT JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
WHERE c.stored_at < $1 AND r.check_id IS NULL GROUP BY c.sender_id ORDER BY c.sender_id;

-- name: purge_orphans
-- $1 sender, $2 stored before, $3 how many.
DELETE FROM cleared WHERE sender_id = $1 AND check_id IN (
    SELECT c.check_id
    FROM cleared c LEFT JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
    WHERE c.sender_id = $1 AND c.stored_at < $2 AND r.check_id IS NULL LIMIT $3
);

-- name: first_seen_due
-- The sample by which first questions are counted. $1 before this day.
SELECT 0 AS sender_id, count(*) AS entries, count(*) AS people, min(day)::timestamptz AS oldest
FROM first_seen WHERE day < $1;

-- name: replays_due
-- $1 expired before.
SELECT sender_id, count(*) AS entries, 0::bigint AS people, min(expires_at) AS oldest
FROM check_replay WHERE expires_at < $1 GROUP BY sender_id ORDER BY sender_id;

-- name: parts_due
-- $1 received before.
SELECT 0 AS sender_id, count(*) AS entries, 0::bigint AS people, min(received_at) AS oldest
FROM mo_part WHERE received_at < $1;

-- name: texts_due
-- $1 opened before.
SELECT 0 AS sender_id, count(*) AS entries, 0::bigint AS people, min(opened_at) AS oldest
FROM review_item WHERE box IS NOT NULL AND opened_at < $1;

-- name: quarantine_due
-- $1 received before.
SELECT 0 AS sender_id, count(*) AS entries, 0::bigint AS people, min(received_at) AS oldest
FROM quarantine WHERE received_at < $1;

-- name: purge_quarantine
-- $1 received before.
DELETE FROM quarantine WHERE received_at < $1;

-- name: cases_due
-- $1 closed before.
SELECT 0 AS sender_id, count(*) AS entries, coalesce(sum(cardinality(persons)), 0)::bigint AS people,
       min(closed_at) AS oldest
FROM subject_case WHERE closed_at < $1;

-- name: purge_cases
-- $1 closed before.
DELETE FROM subject_case WHERE closed_at < $1;

-- name: freeze
-- $1 sender (0: everybody), $2 reason, $3 now, $4 by whom.
INSERT INTO retention_freeze (sender_id, reason, opened_at, opened_by) VALUES ($1, $2, $3, $4) RETURNING freeze_id;

-- name: thaw
-- $1 freeze, $2 now, $3 by whom. Returns its sender, or nothing when there is no such freeze in force.
UPDATE retention_freeze SET ended_at = $2, ended_by = $3
WHERE freeze_id = $1 AND ended_at IS NULL RETURNING sender_id;

-- name: open_freezes
-- Those in force.
SELECT freeze_id, sender_id, reason, opened_at, opened_by
FROM retention_freeze WHERE ended_at IS NULL ORDER BY freeze_id;

-- name: claim_retention
-- One process at a time, and not before its time. $1 now, $2 until, $3 the latest start that makes it due.
INSERT INTO retention_run AS r (started_at, claimed_until) VALUES ($1, $2)
ON CONFLICT (single) DO UPDATE SET started_at = EXCLUDED.started_at, claimed_until = EXCLUDED.claimed_until
WHERE (r.claimed_until IS NULL OR r.claimed_until <= $1) AND r.started_at <= $3
RETURNING r.started_at;

-- name: end_retention
-- $1 now, $2 it went well.
UPDATE retention_run SET claimed_until = NULL, succeeded_at = CASE WHEN $2 THEN $1 ELSE succeeded_at END;

-- name: last_activity
-- When these senders asked about anybody for the last time. $1 senders.
SELECT max(checked_at) AS checked_at FROM check_record WHERE sender_id = ANY ($1::integer[]);

-- name: states_page
-- Everybody a sender knows a state of. $1 sender, $2 after this tag or NULL, $3 how many, $4 the epoch in force.
SELECT tag, opposed, history FROM opt_out
WHERE sender_id = $1 AND ($2::bigint IS NULL OR tag > $2) AND epoch = $4 ORDER BY tag LIMIT $3;

-- name: drop_states
-- By the database's owner alone. $1 sender, $2 tags.
DELETE FROM opt_out WHERE sender_id = $1 AND tag = ANY ($2::bigint[]);

-- name: drop_openings
-- The entries stay, and say nothing about anybody any more. $1 sender, $2 tags.
DELETE FROM opening WHERE sender_id = $1 AND tag = ANY ($2::bigint[]);

-- name: drop_review_people
-- $1 sender, $2 tags.
DELETE FROM review_person WHERE sender_id = $1 AND tag = ANY ($2::bigint[]);
