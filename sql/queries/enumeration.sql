-- name: spend_first_seen
-- Charge a day with those of the sampled tags that the sender never asked about; beyond the most of a day nothing is
-- kept, so that a refused batch is as new tomorrow. $1 sender, $2 tags (no two alike), $3 UTC day, $4 most of a day.
WITH spent AS (
    SELECT count(*) AS tags FROM first_seen WHERE sender_id = $1 AND day = $3
), fresh AS (
    SELECT asked.tag FROM unnest($2::bigint[]) AS asked (tag)
    WHERE NOT EXISTS (SELECT FROM first_seen f WHERE f.sender_id = $1 AND f.tag = asked.tag)
), kept AS (
    INSERT INTO first_seen (sender_id, tag, day)
    SELECT $1, fresh.tag, $3 FROM fresh
    WHERE (SELECT tags FROM spent) + (SELECT count(*) FROM fresh) <= $4::bigint
    ON CONFLICT (sender_id, tag) DO NOTHING
)
SELECT spent.tags AS before, (SELECT count(*) FROM fresh) AS fresh FROM spent;

-- name: purge_first_seen
-- Whoever was first asked about before a day counts as new again. $1 the day.
DELETE FROM first_seen WHERE day < $1;
