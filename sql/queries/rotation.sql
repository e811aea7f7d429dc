-- name: list_epochs
-- How often the keys of senders were rotated; those that never were are left out.
SELECT sender_id, epoch FROM ledger_head WHERE epoch > 0;

-- name: list_salts
-- The salts of all later keys, in the order of their epochs; the last one may not be in force yet.
SELECT sender_id, salt FROM sender_salt ORDER BY sender_id, epoch;

-- name: salts_of
-- All salts of some senders, in the order of their epochs. $1 senders.
SELECT sender_id, 0 AS epoch, salt FROM sender WHERE sender_id = ANY ($1::integer[])
UNION ALL
SELECT sender_id, epoch, salt FROM sender_salt WHERE sender_id = ANY ($1::integer[])
ORDER BY sender_id, epoch;

-- name: may_delete
-- Whether this login may remove what a rotation or an erasure leaves behind; the service's own role may not.
SELECT has_table_privilege('opt_out', 'DELETE') AND has_table_privilege('opening', 'DELETE') AS may;

-- name: add_salt
-- Before its epoch is in force. $1 sender, $2 epoch, $3 salt, $4 now.
INSERT INTO sender_salt (sender_id, epoch, salt, made_at) VALUES ($1, $2, $3, $4);

-- name: begin_retagging
-- From here on everything is written in both forms. $1 sender, whose head is locked.
UPDATE ledger_head SET retagging = true WHERE sender_id = $1;

-- name: take_key_in_force
-- The one instant of a rotation. No row: it was ended already, or something was removed since both forms were counted.
-- $1 sender, $2 the epoch before, $3 the generation at which they were counted.
UPDATE ledger_head SET epoch = $2 + 1, generation = generation + 1, retagging = false
WHERE sender_id = $1 AND epoch = $2 AND retagging AND generation = $3
RETURNING epoch;

-- name: put_next_opt_outs
-- What is written under the locked head, in the form of the key that is being prepared, in the order of the tags.
-- $1 senders, $2 tags, $3 opposed, $4 since, $5 sources, $6 changed at index, $7 confirmed at, $8 histories, $9 epochs.
INSERT INTO opt_out (sender_id, tag, opposed, since, source, changed_at_index, confirmed_at, history, epoch)
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::boolean[], $4::timestamptz[], $5::text[], $6::bigint[],
                     $7::timestamptz[], $8::bytea[], $9::integer[])
ON CONFLICT (sender_id, tag) DO UPDATE SET
    opposed = EXCLUDED.opposed, since = EXCLUDED.since, source = EXCLUDED.source,
    changed_at_index = EXCLUDED.changed_at_index, confirmed_at = EXCLUDED.confirmed_at, history = EXCLUDED.history;

-- name: put_next_openings
-- $1 senders, $2 tags, $3 indexes, $4 salts, $5 epochs of the tags, $6 epochs of the entries.
INSERT INTO opening (sender_id, tag, entry_index, salt, epoch, made_in)
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bytea[], $5::integer[], $6::integer[]);

-- name: opt_outs_to_copy
-- $1 sender, $2 epoch in force, $3 the least tag of the page, $4 how many.
SELECT tag FROM opt_out WHERE sender_id = $1 AND epoch = $2 AND tag >= $3 ORDER BY tag LIMIT $4;

-- name: copy_opt_outs
-- A row that is there already was written by an event since, and is newer. In the order of the new tags, as everybody
-- writes them. $1 sender, $2 epoch in force, $3 tags, $4 the same people's next tags.
INSERT INTO opt_out (sender_id, tag, opposed, since, source, changed_at_index, confirmed_at, history, epoch)
SELECT o.sender_id, u.next, o.opposed, o.since, o.source, o.changed_at_index, o.confirmed_at, o.history, $2 + 1
FROM unnest($3::bigint[], $4::bigint[]) AS u (tag, next)
JOIN opt_out o ON o.sender_id = $1 AND o.tag = u.tag AND o.epoch = $2
ORDER BY u.next
ON CONFLICT (sender_id, tag) DO NOTHING;

-- name: openings_to_copy
-- $1 sender, $2 epoch in force, $3 and $4 tag and index of the last one of the page before, $5 how many.
SELECT tag, entry_index, salt FROM opening
WHERE sender_id = $1 AND epoch = $2 AND (tag, entry_index) > ($3, $4) ORDER BY tag, entry_index LIMIT $5;

-- name: copy_openings
-- $1 sender, $2 epoch in force, $3 tags, $4 indexes, $5 the same people's next tags, $6 the salts with the next mask.
INSERT INTO opening (sender_id, tag, entry_index, salt, epoch, made_in)
SELECT o.sender_id, u.next, o.entry_index, u.salt, $2 + 1, o.made_in
FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[]) AS u (tag, entry_index, next, salt)
JOIN opening o ON o.sender_id = $1 AND o.tag = u.tag AND o.entry_index = u.entry_index AND o.epoch = $2
ORDER BY u.next, o.entry_index
ON CONFLICT (sender_id, tag, entry_index) DO NOTHING;

-- name: forms_of_opt_outs
-- How many rows there are in the form in force and in the next one, at one instant. $1 sender, $2 epoch in force.
SELECT count(*) FILTER (WHERE epoch = $2) AS present, count(*) FILTER (WHERE epoch = $2 + 1) AS next
FROM opt_out WHERE sender_id = $1;

-- name: forms_of_openings
-- $1 sender, $2 epoch in force.
SELECT count(*) FILTER (WHERE epoch = $2) AS present, count(*) FILTER (WHERE epoch = $2 + 1) AS next
FROM opening WHERE sender_id = $1;

-- name: forget_orphan_openings
-- Openings that were forgotten while they were being copied. $1 sender, $2 epoch in force.
DELETE FROM opening n WHERE n.sender_id = $1 AND n.epoch = $2 + 1 AND NOT EXISTS (
    SELECT FROM opening o WHERE o.sender_id = $1 AND o.epoch = $2 AND o.entry_index = n.entry_index
);

-- name: forget_opt_outs
-- Copies whose original was removed while it was being copied. $1 sender, $2 their epoch, $3 tags.
DELETE FROM opt_out WHERE sender_id = $1 AND epoch = $2 AND tag = ANY ($3::bigint[]);

-- name: sweep_opt_outs
-- What former keys have left. $1 sender, $2 epoch in force, $3 and $4 first and last tag.
DELETE FROM opt_out WHERE sender_id = $1 AND epoch < $2 AND tag BETWEEN $3 AND $4;

-- name: sweep_openings
-- $1 sender, $2 epoch in force, $3 and $4 first and last tag.
DELETE FROM opening WHERE sender_id = $1 AND epoch < $2 AND tag BETWEEN $3 AND $4;

-- name: people_to_carry
-- People of review items, known by tags of former keys. $1 sender, $2 epoch in force, $3 how many.
SELECT connection_id, dedupe, tag, epoch FROM review_person WHERE sender_id = $1 AND epoch < $2
ORDER BY connection_id, dedupe LIMIT $3;

-- name: carry_people
-- $1 sender, $2 epoch in force, $3 connections, $4 dedupe keys, $5 tags of that epoch.
UPDATE review_person p SET tag = u.tag, epoch = $2
FROM unnest($3::integer[], $4::bytea[], $5::bigint[]) AS u (connection_id, dedupe, tag)
WHERE p.sender_id = $1 AND p.epoch < $2 AND p.connection_id = u.connection_id AND p.dedupe = u.dedupe;
