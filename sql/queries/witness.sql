-- name: heads_to_witness
-- Every ledger's head, with its sender's name; read without a lock.
SELECT s.sender_id, s.slug, h.size, h.peaks
FROM ledger_head h JOIN sender s ON s.sender_id = h.sender_id ORDER BY s.sender_id;

-- name: head_to_witness
-- $1 sender.
SELECT s.sender_id, s.slug, h.size, h.peaks
FROM ledger_head h JOIN sender s ON s.sender_id = h.sender_id WHERE h.sender_id = $1;

-- name: last_restore
-- The restore that was accepted last; none: the registry is in its first era.
SELECT era, origin, accepted_at FROM registry_restore ORDER BY era DESC LIMIT 1;

-- name: accept_restore
-- $1 era, $2 origin, $3 now, $4 by, $5 reason, $6 what was lost, as JSON.
INSERT INTO registry_restore (era, origin, accepted_at, accepted_by, reason, detail) VALUES ($1, $2, $3, $4, $5, $6);
