-- name: heirs_of
-- Who consults this sender's list. $1 sender.
SELECT slug FROM sender WHERE $1 = ANY (inherits) ORDER BY slug;

-- name: people_of_sender
-- What an erasure removes. $1 sender.
SELECT (SELECT count(*) FROM opt_out o JOIN ledger_head h ON h.sender_id = o.sender_id AND o.epoch = h.epoch
        WHERE o.sender_id = $1 AND o.opposed) AS opposed,
       (SELECT count(*) FROM opt_out WHERE sender_id = $1) AS opt_outs,
       (SELECT count(*) FROM opening WHERE sender_id = $1) AS openings,
       (SELECT count(*) FROM cleared WHERE sender_id = $1) AS cleared_checks,
       (SELECT count(*) FROM review_person WHERE sender_id = $1) AS review_items,
       (SELECT size FROM ledger_head WHERE sender_id = $1) AS ledger_entries;

-- name: forget_salts
-- $1 sender.
DELETE FROM sender_salt WHERE sender_id = $1;

-- name: erase_sender
-- Without its salt nobody can make or recognise its tags any more. False when it was erased before. $1 sender, $2 now.
UPDATE sender SET salt = '', erased_at = $2, inherits = '{}' WHERE sender_id = $1 AND erased_at IS NULL
RETURNING true AS erased;

-- name: leave_codes
-- What people answer concerns it no more. $1 sender.
DELETE FROM code_sender WHERE sender_id = $1;

-- name: end_epoch
-- No key is in force any more: every row is of a former one, and whatever was planned with one is refused. $1 sender.
UPDATE ledger_head SET epoch = epoch + 1, generation = generation + 1, retagging = false WHERE sender_id = $1;

-- name: erase_cleared
-- $1 sender.
DELETE FROM cleared WHERE sender_id = $1;

-- name: erase_review_people
-- $1 sender.
DELETE FROM review_person WHERE sender_id = $1;

-- name: erase_first_seen
-- $1 sender.
DELETE FROM first_seen WHERE sender_id = $1;

-- name: erase_admission_pages
-- $1 sender.
DELETE FROM admission_page WHERE sender_id = $1;

-- name: erase_admission_requests
-- $1 sender.
DELETE FROM admission_request WHERE sender_id = $1;

-- name: erase_replays
-- $1 sender.
DELETE FROM check_replay WHERE sender_id = $1;
