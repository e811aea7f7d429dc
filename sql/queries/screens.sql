-- name: screened
-- Since which day people are opposed, and whether only through a code that others use too: since the last time the
-- opposition was lifted, no STOP named this sender. $1 sender, $2 tags, $3 the bases that name nobody.
SELECT o.tag, (o.since AT TIME ZONE 'UTC')::date AS day,
       o.source = 'mo' AND coalesce(told.named_at, -1) <= coalesce(told.lifted_at, -1) AS fanned_out
FROM opt_out o
LEFT JOIN LATERAL (
    SELECT max(e.entry_index) FILTER (WHERE said.entry ->> 'effect' = 'lifted') AS lifted_at,
           max(e.entry_index) FILTER (
               WHERE said.entry ->> 'kind' <> 'start' AND said.entry ->> 'basis' <> ALL ($3::text[])
           ) AS named_at
    FROM opening p
    JOIN ledger_entry e ON e.sender_id = p.sender_id AND e.entry_index = p.entry_index
    CROSS JOIN LATERAL (SELECT convert_from(e.entry, 'UTF8')::jsonb AS entry) AS said
    WHERE p.sender_id = $1 AND p.tag = o.tag
) AS told ON true
WHERE o.sender_id = $1 AND o.tag = ANY ($2::bigint[]) AND o.opposed;

-- name: cleared_page
-- Whom a sender's recorded checks cleared, some checks at a time; a blob without a record was never answered.
-- $1 sender, $2 the check before the page, $3 and $4 least and most bytes of a blob, $5 most blobs.
-- $6 the epochs below which the tags were made.
SELECT c.check_id, c.epoch, c.tags
FROM cleared c
JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
WHERE c.sender_id = $1 AND c.check_id > $2 AND octet_length(c.tags) BETWEEN $3 AND $4 AND c.epoch < $6
ORDER BY c.check_id
LIMIT $5;

-- name: cleared_slices
-- The part of each large blob where one tag stands if it is there: tags lie evenly, so that its place is known to within
-- a few square roots. $1 sender, $2 the check before the page, $3 least bytes of a blob, $4 most blobs, $5 the tag's
-- place among all tags, from 0 to 1, $6 epoch of the tag.
SELECT c.check_id, part.start, part.tags, octet_length(c.tags) / 8 AS size
FROM cleared c
JOIN check_record r ON r.sender_id = c.sender_id AND r.check_id = c.check_id
CROSS JOIN LATERAL (
    SELECT octet_length(c.tags) / 8 AS size, (4 * sqrt(octet_length(c.tags) / 8))::integer + 1 AS reach
) AS blob
CROSS JOIN LATERAL (
    SELECT greatest(0, floor(blob.size * $5::double precision)::integer - blob.reach) AS start
) AS place
CROSS JOIN LATERAL (
    SELECT place.start, substring(c.tags FROM place.start * 8 + 1 FOR (2 * blob.reach + 1) * 8) AS tags
) AS part
WHERE c.sender_id = $1 AND c.check_id > $2 AND octet_length(c.tags) >= $3 AND c.epoch = $6
ORDER BY c.check_id
LIMIT $4;
