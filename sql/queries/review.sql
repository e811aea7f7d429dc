-- name: open_items
-- A message that acts again, which only one without an id can, opens its own item again.
-- $1 connections, $2 dedupe keys (sorted), $3 opened, $4 event times, $5 lift times, $6 codes, $7 intents, $8 rules,
-- $9 classifiers, $10 doubtful STOPs, $11 reasons (joined by commas), $12 sealed texts.
INSERT INTO review_item AS r (connection_id, dedupe, opened_at, event_at, lift_at, code, intent, rule, classifier,
                              doubtful_stop, reasons, box)
SELECT u.connection_id, u.dedupe, u.opened_at, u.event_at, u.lift_at, u.code, u.intent, u.rule, u.classifier,
       u.doubtful_stop, string_to_array(u.reasons, ','), u.box
FROM unnest($1::integer[], $2::bytea[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::boolean[], $11::text[], $12::bytea[])
     AS u (connection_id, dedupe, opened_at, event_at, lift_at, code, intent, rule, classifier, doubtful_stop, reasons,
           box)
ON CONFLICT (connection_id, dedupe) DO UPDATE SET
    opened_at = EXCLUDED.opened_at, event_at = EXCLUDED.event_at, lift_at = EXCLUDED.lift_at,
    reasons = EXCLUDED.reasons, box = EXCLUDED.box, decision = NULL, decided_at = NULL, decided_by = NULL;

-- name: put_item_people
-- $1 senders, $2 connections, $3 dedupe keys, $4 tags, $5 epochs of the tags.
INSERT INTO review_person (sender_id, connection_id, dedupe, tag, epoch)
SELECT * FROM unnest($1::integer[], $2::integer[], $3::bytea[], $4::bigint[], $5::integer[])
ON CONFLICT (sender_id, connection_id, dedupe) DO NOTHING;

-- name: list_items
-- The oldest items. $1 decided ones too, $2 how many.
SELECT connection_id, dedupe, opened_at, event_at, lift_at, code, intent, rule, classifier, doubtful_stop, reasons, box,
       decision, decided_at
FROM review_item WHERE $1 OR decided_at IS NULL ORDER BY opened_at, dedupe LIMIT $2;

-- name: find_item
-- $1 dedupe key.
SELECT connection_id, dedupe, opened_at, event_at, lift_at, code, intent, rule, classifier, doubtful_stop, reasons, box,
       decision, decided_at
FROM review_item WHERE dedupe = $1;

-- name: people_of_items
-- $1 connections, $2 dedupe keys.
SELECT p.connection_id, p.dedupe, p.sender_id, p.tag, p.epoch
FROM review_person p
JOIN unnest($1::integer[], $2::bytea[]) AS u (connection_id, dedupe)
  ON p.connection_id = u.connection_id AND p.dedupe = u.dedupe
ORDER BY p.connection_id, p.dedupe, p.sender_id;

-- name: decide_item
-- The latest decision stays. $1 connection, $2 dedupe key, $3 decision, $4 now, $5 by whom.
UPDATE review_item SET decision = $3, decided_at = $4, decided_by = $5
WHERE connection_id = $1 AND dedupe = $2 AND (decided_at IS NULL OR decided_at <= $4);

-- name: purge_review_texts
-- The item stays, and can still be decided: it holds no number. $1 opened before.
UPDATE review_item SET box = NULL WHERE box IS NOT NULL AND opened_at < $1;

-- name: read_budgets
-- $1 senders, $2 UTC day.
SELECT sender_id, lifted, allowed FROM lift_budget WHERE sender_id = ANY ($1::integer[]) AND day = $2;

-- name: spend_budgets
-- $1 senders (sorted), $2 UTC day, $3 how many more, $4 allowed.
INSERT INTO lift_budget AS b (sender_id, day, lifted, allowed)
SELECT u.sender_id, $2::date, u.spent, u.allowed
FROM unnest($1::integer[], $3::integer[], $4::integer[]) AS u (sender_id, spent, allowed)
ON CONFLICT (sender_id, day) DO UPDATE SET lifted = b.lifted + EXCLUDED.lifted, allowed = EXCLUDED.allowed;

-- name: count_opposed
-- Asked once a sender and day at most, when its lifts reach the least that every sender has. $1 sender.
SELECT count(*) AS opposed
FROM ledger_head h JOIN opt_out o ON o.sender_id = h.sender_id AND o.epoch = h.epoch
WHERE h.sender_id = $1 AND o.opposed;

-- name: put_part
-- A reference that is used again replaces what it named before. $1 connection, $2 thread, $3 part, $4 sealed text, $5 now.
INSERT INTO mo_part (connection_id, thread, part, box, received_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (connection_id, thread, part) DO UPDATE SET box = EXCLUDED.box, received_at = EXCLUDED.received_at;

-- name: list_parts
-- $1 connection, $2 thread.
SELECT part, box FROM mo_part WHERE connection_id = $1 AND thread = $2 ORDER BY part;

-- name: purge_parts
-- $1 received before.
DELETE FROM mo_part WHERE received_at < $1;

-- name: set_code_words
-- $1 code, $2 words as JSON. Every change counts the version up.
UPDATE short_code SET words = $2, words_version = words_version + 1 WHERE code = $1 RETURNING words_version;

-- name: count_code_words
-- The words of one sender on this code changed. $1 code.
UPDATE short_code SET words_version = words_version + 1 WHERE code = $1 RETURNING words_version;

-- name: set_sender_words
-- $1 code, $2 sender, $3 words as JSON.
UPDATE code_sender SET words = $3 WHERE code = $1 AND sender_id = $2;
