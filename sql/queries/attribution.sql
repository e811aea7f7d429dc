-- name: look_back
-- Whether checks cleared a tag. Cleared tags are sorted and spread evenly, so the one asked for lies near the same part
-- of the list as of all numbers: a slice around there is read, never the whole. Beside the answer come the slice's own
-- ends (NULL where the list itself ends there), which tell whether the slice was wide enough. A blob without a record
-- was never answered, so it cleared nobody.
-- $1 senders, $2 epochs, $3 the tags of each epoch as stored (8 bytes), $4 the part of all numbers below each, $5 stored
-- since, $6 only these checks or NULL, $7 reach of the slice to both sides in square roots of the list's length.
SELECT c.sender_id, c.epoch, c.check_id, position(u.tag IN slice.tags) > 0 AS found,
       CASE WHEN span.first > 0 THEN substring(slice.tags FROM 1 FOR 8) END AS lowest,
       CASE WHEN span.past < list.length THEN substring(slice.tags FROM octet_length(slice.tags) - 7) END AS highest
FROM unnest($1::integer[], $2::integer[], $3::bytea[], $4::float8[]) AS u (sender_id, epoch, tag, place)
JOIN cleared c ON c.sender_id = u.sender_id AND c.epoch = u.epoch AND c.stored_at >= $5
              AND ($6::text[] IS NULL OR c.check_id = ANY ($6))
JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
CROSS JOIN LATERAL (SELECT octet_length(c.tags) / 8 AS length) AS list
CROSS JOIN LATERAL (
    SELECT greatest(0, floor(u.place * list.length - $7::float8 * sqrt(list.length)) - 1)::integer AS first,
           least(list.length, ceil(u.place * list.length + $7::float8 * sqrt(list.length)) + 1)::integer AS past
) AS span
CROSS JOIN LATERAL (
    -- OFFSET 0: computed once, though it is named several times above.
    SELECT substring(c.tags FROM 8 * span.first + 1 FOR 8 * (span.past - span.first)) AS tags OFFSET 0
) AS slice;

-- name: lock_sender
-- What is decided about one sender, while it is changed. $1 sender.
SELECT profile, enforced_since, inherits FROM sender WHERE sender_id = $1 FOR UPDATE;

-- name: set_enforced
-- Its gateway refuses uncleared sends since $2, or does not (NULL). $1 sender.
UPDATE sender SET enforced_since = $2 WHERE sender_id = $1;

-- name: set_inherits
-- $1 sender, $2 the senders whose oppositions hold for it too.
UPDATE sender SET inherits = $2::integer[] WHERE sender_id = $1;

-- name: list_inherited
-- Who has inherited whose list.
SELECT sender_id, inherits FROM sender WHERE inherits <> '{}' ORDER BY sender_id;
