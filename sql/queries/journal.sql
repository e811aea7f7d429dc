-- name: lock_journal_day
-- The head of a day, locked until the transaction ends; no row: the day is signed, nothing is added to it. $1 day.
INSERT INTO journal_day AS d (day) VALUES ($1)
ON CONFLICT (day) DO UPDATE SET size = d.size WHERE d.note IS NULL
RETURNING d.size, d.peaks;

-- name: append_journal
-- $1 at, $2 actor, $3 action, $4 subject, $5 detail as JSON, $6 senders, $7 day, $8 position, $9 leaf hash.
INSERT INTO admin_journal (at, actor, action, subject, detail, sender_ids, day, position, leaf)
VALUES ($1, $2, $3, $4, $5, $6::integer[], $7, $8, $9);

-- name: advance_journal_day
-- Under its lock. $1 day, $2 size, $3 peaks.
UPDATE journal_day SET size = $2, peaks = $3 WHERE day = $1;

-- name: seal_journal_day
-- Under its lock. $1 day, $2 signed note.
UPDATE journal_day SET note = $2 WHERE day = $1 AND note IS NULL;

-- name: journal_days
-- From the oldest that is kept.
SELECT day, size, peaks, note FROM journal_day ORDER BY day;

-- name: journal_page
-- $1 day, $2 from this position on, $3 how many.
SELECT position, at, actor, action, subject, detail, sender_ids, leaf
FROM admin_journal WHERE day = $1 AND position >= $2 ORDER BY position LIMIT $3;

-- name: journal_unplaced
-- Entries without a place that were written after the first one that has one: nobody but an intruder writes such.
SELECT count(*) AS entries FROM admin_journal
WHERE day IS NULL AND journal_id > (SELECT min(journal_id) FROM admin_journal WHERE day IS NOT NULL);

-- name: journal_due
-- How many entries lie before a day, and the oldest. $1 day.
SELECT count(*) AS entries, min(at) AS oldest FROM admin_journal
WHERE coalesce(day, (at AT TIME ZONE 'UTC')::date) < $1;

-- name: drop_journal
-- Whole days; the function keeps six months whatever it is asked. $1 the first day to keep.
SELECT drop_journal_before($1) AS entries;
