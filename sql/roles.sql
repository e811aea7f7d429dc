-- The roles of a database that is yours (the embedded one has a single superuser of its own). Run by its owner after
-- every migration; running it twice is running it once. Then let the service connect as a login that is a member of
-- stop_registry_app, with that role set: DATABASE_URL=postgresql://…?role=stop_registry_app
--
-- Append-only is a matter of grants: whoever has the service's connection can add to the past and never change it.

DO $$
BEGIN
    CREATE ROLE stop_registry_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
    CREATE ROLE stop_registry_auditor NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

GRANT USAGE ON SCHEMA public TO stop_registry_app, stop_registry_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO stop_registry_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO stop_registry_auditor;

-- What happened stays as it was written.
REVOKE UPDATE, DELETE ON ledger_entry, mo_effect, check_record, admin_journal, reconciliation, channel_event,
    standing_use FROM stop_registry_app;
REVOKE UPDATE, DELETE ON registry, schema_migration, signing_key FROM stop_registry_app;
REVOKE DELETE ON ledger_head, mo, opt_out, review_item, sender, hold, lift_suspension, api_key, alarm, channel, canary,
    journal_day, retention_freeze, standing_clearance FROM stop_registry_app;

-- A restore stays on record, and so does what another clock has witnessed.
REVOKE UPDATE, DELETE ON registry_restore, head_timestamp FROM stop_registry_app;

-- What may be forgotten all the same, and no more: whole days of the journal after six months, people not opposed.
GRANT EXECUTE ON FUNCTION drop_journal_before(date), forget_lifted(integer, bigint) TO stop_registry_app;

-- An auditor reads the evidence, not the secrets.
REVOKE SELECT ON api_key, connection, sender, sender_salt, opening, cleared, first_seen, quarantine, review_item,
    review_person, mo_part, subject_case FROM stop_registry_auditor;
