-- name: read_registry
-- This installation's name and key check value.
SELECT origin, key_check, created_at FROM registry;

-- name: found_registry
-- Write the one row, together with a new root key. $1 origin, $2 key check value, $3 now.
INSERT INTO registry (origin, key_check, created_at) VALUES ($1, $2, $3);

-- name: list_senders
-- All senders, in id order.
SELECT sender_id, slug, name, salt, profile, enforced_since FROM sender ORDER BY sender_id;

-- name: list_codes
-- All codes with their senders; a code nobody uses yet has one row without a sender.
SELECT c.code, c.tariff, s.sender_id, coalesce(s.keywords, '{}') AS keywords,
       c.words, coalesce(s.words, '{}') AS sender_words, c.words_version, c.territories
FROM short_code c LEFT JOIN code_sender s ON s.code = c.code
ORDER BY c.code, s.sender_id;

-- name: list_connections
-- All operator connections; a suspended one may not lift, whatever it is allowed otherwise.
SELECT c.connection_id, c.slug, c.provider, c.secrets, c.config, c.codes, c.accounts, c.replies,
       c.may_lift AND s.connection_id IS NULL AS may_lift,
       c.route_class, c.data_countries, c.contract, c.stop_returns
FROM connection c
LEFT JOIN lift_suspension s ON s.connection_id = c.connection_id AND s.restored_at IS NULL
ORDER BY c.connection_id;

-- name: add_sender
-- $1 slug, $2 name, $3 salt, $4 profile, $5 now.
INSERT INTO sender (slug, name, salt, profile, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING sender_id;

-- name: add_head
-- The empty ledger of a new sender. $1 sender.
INSERT INTO ledger_head (sender_id) VALUES ($1);

-- name: set_profile
-- $1 sender, $2 profile as JSON.
UPDATE sender SET profile = $2 WHERE sender_id = $1;

-- name: add_code
-- A code, or news about it. $1 code, $2 tariff, $3 now.
INSERT INTO short_code (code, tariff, created_at) VALUES ($1, $2, $3)
ON CONFLICT (code) DO UPDATE SET tariff = EXCLUDED.tariff;

-- name: set_code_territories
-- Where a code can be answered. $1 code, $2 territories.
UPDATE short_code SET territories = $2::text[] WHERE code = $1;

-- name: add_code_sender
-- One more sender on a code, or its keywords anew. $1 code, $2 sender, $3 keywords.
INSERT INTO code_sender (code, sender_id, keywords) VALUES ($1, $2, $3::text[])
ON CONFLICT (code, sender_id) DO UPDATE SET keywords = EXCLUDED.keywords;

-- name: add_connection
-- $1 slug, $2 provider, $3 sealed secrets, $4 config, $5 codes, $6 accounts, $7 replies, $8 may lift, $9 now.
INSERT INTO connection (slug, provider, secrets, config, codes, accounts, replies, may_lift, created_at)
VALUES ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9) RETURNING connection_id;

-- name: declare_connection
-- What it is as a route. $1 connection, $2 class, $3 countries of its data, $4 contract, $5 a STOP comes back.
UPDATE connection SET route_class = $2, data_countries = $3::text[], contract = $4, stop_returns = $5
WHERE connection_id = $1;

-- name: set_connection_secrets
-- $1 connection, $2 sealed secrets.
UPDATE connection SET secrets = $2 WHERE connection_id = $1;
