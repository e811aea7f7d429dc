-- name: states_of
-- Whether these people are opposed to a sender. $1 sender, $2 tags, $3 the epoch whose form is asked: while a key is
-- rotated there are two, and only one of them is written to.
SELECT tag, opposed, since, source, confirmed_at FROM opt_out
WHERE sender_id = $1 AND tag = ANY ($2::bigint[]) AND epoch = $3;

-- name: events_of
-- The entries about these people, each once, with what opens them. $1 sender, $2 tags.
SELECT newest.* FROM (
    SELECT DISTINCT ON (p.entry_index) p.tag, p.entry_index, p.salt, p.epoch, p.made_in, e.entry
    FROM opening p JOIN ledger_entry e ON e.sender_id = p.sender_id AND e.entry_index = p.entry_index
    WHERE p.sender_id = $1 AND p.tag = ANY ($2::bigint[]) ORDER BY p.entry_index, p.epoch DESC
) AS newest ORDER BY newest.tag, newest.entry_index;

-- name: deliveries_of
-- How many times messages came. $1 connections, $2 dedupe keys.
SELECT m.connection_id, m.dedupe, m.times_seen
FROM mo m JOIN unnest($1::integer[], $2::bytea[]) AS u (connection_id, dedupe)
  ON m.connection_id = u.connection_id AND m.dedupe = u.dedupe;

-- name: contacts_of
-- Which recorded checks of a sender cleared a tag, and at which place of the sorted list; found as look_back finds it.
-- $1 sender, $2 tag as stored (8 bytes), $3 the part of all numbers below it, $4 only these checks or NULL, $5 reach of the
-- slice to both sides in square roots of the list's length.
SELECT c.check_id, c.stored_at, r.purpose, r.campaign, r.key_id, r.entry_index,
       8 * span.first + nullif(position($2::bytea IN slice.tags), 0) - 1 AS at_byte,
       CASE WHEN span.first > 0 THEN substring(slice.tags FROM 1 FOR 8) END AS lowest,
       CASE WHEN span.past < list.length THEN substring(slice.tags FROM octet_length(slice.tags) - 7) END AS highest
FROM cleared c
JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
CROSS JOIN LATERAL (SELECT octet_length(c.tags) / 8 AS length) AS list
CROSS JOIN LATERAL (
    SELECT greatest(0, floor($3::float8 * list.length - $5::float8 * sqrt(list.length)) - 1)::integer AS first,
           least(list.length, ceil($3::float8 * list.length + $5::float8 * sqrt(list.length)) + 1)::integer AS past
) AS span
CROSS JOIN LATERAL (
    SELECT substring(c.tags FROM 8 * span.first + 1 FOR 8 * (span.past - span.first)) AS tags OFFSET 0
) AS slice
WHERE c.sender_id = $1 AND ($4::text[] IS NULL OR c.check_id = ANY ($4)) ORDER BY c.stored_at, c.check_id;

-- name: admitted_places
-- Which of these places a gateway was admitted to, or gave back. $1 sender, $2 checks, $3 places.
SELECT u.check_id, p.released
FROM unnest($2::text[], $3::integer[]) AS u (check_id, place)
JOIN admission_page p ON p.sender_id = $1 AND p.check_id = u.check_id AND p.page = u.place / 8192
WHERE get_bit(p.bits, (u.place % 8192) / 8 * 8 + 7 - u.place % 8) = 1;

-- name: lock_neighbours
-- What stands before and after a place of a list, while it is changed. $1 sender, $2 check, $3 the place's first byte, from 1.
SELECT CASE WHEN $3::integer > 8 THEN substring(tags FROM $3::integer - 8 FOR 8) END AS lower,
       CASE WHEN $3::integer + 8 <= octet_length(tags) THEN substring(tags FROM $3::integer + 8 FOR 8) END AS upper
FROM cleared WHERE sender_id = $1 AND check_id = $2 FOR UPDATE;

-- name: replace_place
-- The place stays, the person goes. $1 sender, $2 check, $3 the place's first byte, from 1, $4 what it becomes, $5 what it is.
UPDATE cleared SET tags = overlay(tags PLACING $4::bytea FROM $3::integer FOR 8)
WHERE sender_id = $1 AND check_id = $2 AND substring(tags FROM $3::integer FOR 8) = $5::bytea RETURNING check_id;

-- name: first_seen_of
-- The few people of the sample by which first questions are counted, and since when. $1 sender, $2 tags.
SELECT tag, day FROM first_seen WHERE sender_id = $1 AND tag = ANY ($2::bigint[]);

-- name: drop_first_seen
-- $1 sender, $2 tag.
DELETE FROM first_seen WHERE sender_id = $1 AND tag = $2;

-- name: items_of
-- The review items that concern these people, by their messages. $1 sender, $2 tags.
SELECT tag, connection_id, dedupe FROM review_person WHERE sender_id = $1 AND tag = ANY ($2::bigint[]);

-- name: items_by_key
-- $1 connections, $2 dedupe keys.
SELECT i.connection_id, i.dedupe, i.opened_at, i.intent, i.rule, i.reasons, i.box, i.decision, i.decided_at
FROM review_item i JOIN unnest($1::integer[], $2::bytea[]) AS u (connection_id, dedupe)
  ON i.connection_id = u.connection_id AND i.dedupe = u.dedupe ORDER BY i.opened_at, i.dedupe;

-- name: lookups_of
-- When somebody looked one of these people up for one of these senders. $1 keyed digests in hexadecimal, $2 senders.
SELECT at, sender_ids, detail FROM admin_journal
WHERE action = 'subject.read' AND sender_ids && $2::integer[] AND (detail::jsonb -> 'persons') ?| $1::text[] ORDER BY at;

-- name: forget_lifted
-- The state of a person who is not opposed; the function takes no other. $1 sender, $2 tag.
SELECT forget_lifted($1, $2) AS forgotten;

-- name: drop_decided_people
-- $1 sender, $2 tag, $3 connections, $4 dedupe keys.
DELETE FROM review_person p USING unnest($3::integer[], $4::bytea[]) AS u (connection_id, dedupe)
WHERE p.sender_id = $1 AND p.tag = $2 AND p.connection_id = u.connection_id AND p.dedupe = u.dedupe;

-- name: drop_texts
-- Of items that were decided. $1 connections, $2 dedupe keys.
UPDATE review_item i SET box = NULL FROM unnest($1::integer[], $2::bytea[]) AS u (connection_id, dedupe)
WHERE i.connection_id = u.connection_id AND i.dedupe = u.dedupe AND i.decision IS NOT NULL;

-- name: open_case
-- Once; the same reference again adds people. $1 reference, $2 keyed digests, $3 arrived, $4 by whom, $5 due.
INSERT INTO subject_case AS c (reference, persons, opened_at, opened_by, due_at) VALUES ($1, $2::bytea[], $3, $4, $5)
ON CONFLICT (reference) DO UPDATE SET persons = (
    SELECT array_agg(DISTINCT p ORDER BY p) FROM unnest(c.persons || EXCLUDED.persons) AS u (p)
)
RETURNING opened_at, due_at, closed_at, xmax = 0 AS opened;

-- name: close_case
-- $1 reference, $2 now, $3 by whom, $4 outcome.
UPDATE subject_case SET closed_at = $2, closed_by = $3, outcome = $4
WHERE reference = $1 AND closed_at IS NULL RETURNING opened_at;

-- name: list_cases
-- $1 the closed ones too.
SELECT reference, cardinality(persons) AS people, opened_at, opened_by, due_at, closed_at, outcome
FROM subject_case WHERE $1 OR closed_at IS NULL ORDER BY due_at, reference;

-- name: cases_of
-- The requests of a person. $1 keyed digest.
SELECT reference, opened_at, due_at, closed_at, outcome FROM subject_case WHERE $1::bytea = ANY (persons) ORDER BY opened_at;
