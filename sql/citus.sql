-- Outgrowing one machine: run once on the coordinator, after the migrations. Small tables are copied to every node,
-- the rest is spread by sender (ledgers, oppositions, checks) or by operator connection (the MO journal).

SELECT create_reference_table('registry');
SELECT create_reference_table('registry_restore');
SELECT create_reference_table('sender');
SELECT create_reference_table('sender_salt');
SELECT create_reference_table('short_code');
SELECT create_reference_table('code_sender');
SELECT create_reference_table('connection');
SELECT create_reference_table('lift_suspension');
SELECT create_reference_table('api_key');
SELECT create_reference_table('api_key_sender');
SELECT create_reference_table('admin_journal');
SELECT create_reference_table('journal_day');
SELECT create_reference_table('subject_case');
SELECT create_reference_table('retention_freeze');
SELECT create_reference_table('retention_run');
SELECT create_reference_table('alarm');
SELECT create_reference_table('signing_key');
SELECT create_reference_table('channel');
SELECT create_reference_table('channel_event');
SELECT create_reference_table('channel_day');
SELECT create_reference_table('code_cleared');
SELECT create_reference_table('canary');

SELECT create_distributed_table('mo', 'connection_id');
SELECT create_distributed_table('mo_effect', 'connection_id');
SELECT create_distributed_table('quarantine', 'connection_id');
SELECT create_distributed_table('pull', 'connection_id');
SELECT create_distributed_table('pulled', 'connection_id');
SELECT create_distributed_table('reconciliation', 'connection_id');
SELECT create_distributed_table('connection_rate', 'connection_id');
SELECT create_distributed_table('review_item', 'connection_id');
SELECT create_distributed_table('mo_part', 'connection_id');

SELECT create_distributed_table('hold', 'sender_id');
SELECT create_distributed_table('ledger_head', 'sender_id');
SELECT create_distributed_table('ledger_entry', 'sender_id');
SELECT create_distributed_table('head_timestamp', 'sender_id');
SELECT create_distributed_table('opening', 'sender_id');
SELECT create_distributed_table('opt_out', 'sender_id');
SELECT create_distributed_table('review_person', 'sender_id');
SELECT create_distributed_table('lift_budget', 'sender_id');
SELECT create_distributed_table('check_record', 'sender_id');
SELECT create_distributed_table('cleared', 'sender_id');
SELECT create_distributed_table('check_replay', 'sender_id');
SELECT create_distributed_table('clearance', 'sender_id');
SELECT create_distributed_table('admission_page', 'sender_id');
SELECT create_distributed_table('admission_request', 'sender_id');
SELECT create_distributed_table('standing_clearance', 'sender_id');
SELECT create_distributed_table('standing_use', 'sender_id');
SELECT create_distributed_table('first_seen', 'sender_id');
