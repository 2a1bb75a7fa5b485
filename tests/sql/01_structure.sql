-- SPDX-License-Identifier: MIT
-- Names, columns, keys and partitions: the public interface of the schema.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

SELECT is(ARRAY(SELECT relname::text FROM pg_class
		WHERE relnamespace = 'tlsrpt'::regnamespace
			AND relkind IN ('r', 'p') AND NOT relispartition
		ORDER BY 1),
	ARRAY['anomaly', 'domain', 'domain_day', 'erased_report', 'failure', 'policy',
		'problem_day', 'problem_history', 'rejected_report', 'report',
		'reporter_history', 'result_type', 'schema_version', 'setting',
		'tenant_domain'], 'the tables');
SELECT views_are('tlsrpt',
	ARRAY['daily', 'failure_detail', 'domain_overview', 'rejection',
		'problem', 'problem_fact', 'problem_daily', 'by_mx_host',
		'by_reporter', 'coverage', 'silent_reporter', 'own_document']);

SELECT columns_are('tlsrpt', 'report', ARRAY['report_key', 'day',
	'organization_name', 'contact_info', 'report_id', 'start_datetime',
	'end_datetime', 'submitter', 'received_at', 'source', 'queue_id',
	'envelope_from', 'message_id', 'filename', 'media_type', 'size_bytes',
	'dkim_result', 'dkim_domain', 'authenticated', 'policy_domains',
	'anomalies', 'identity', 'content_sha256', 'times_received', 'document']);
SELECT columns_are('tlsrpt', 'policy', ARRAY['policy_key', 'day',
	'report_key', 'organization_name', 'policy_type', 'policy_mode',
	'policy_domain', 'policy_string', 'mx_host',
	'total_successful_session_count', 'total_failure_session_count']);
SELECT columns_are('tlsrpt', 'failure', ARRAY['failure_key', 'day',
	'policy_key', 'organization_name', 'policy_domain', 'result_type',
	'sending_mta_ip', 'receiving_mx_hostname', 'receiving_mx_helo',
	'receiving_ip', 'failed_session_count', 'additional_information',
	'failure_reason_code']);
SELECT columns_are('tlsrpt', 'rejected_report', ARRAY['record',
	'received_at', 'reason', 'detail', 'envelope_from', 'message_id',
	'submitter', 'filename', 'content_sha256', 'size_bytes', 'document',
	'conflicts_with']);
SELECT columns_are('tlsrpt', 'problem_history', ARRAY['policy_domain',
	'result_type', 'receiving_mx_hostname', 'organization_name',
	'first_seen', 'last_seen', 'failed_sessions', 'problem_id',
	'policy_type']);
SELECT columns_are('tlsrpt', 'problem', ARRAY['problem_id',
	'policy_domain', 'result_type', 'receiving_mx_hostname', 'state',
	'first_seen', 'last_seen', 'failed_sessions', 'affected_share',
	'reporters', 'side', 'evidence', 'explanation', 'action', 'urgency']);
SELECT columns_are('tlsrpt', 'problem_daily', ARRAY['problem_id', 'day',
	'policy_domain', 'result_type', 'receiving_mx_hostname',
	'successful_sessions', 'failed_sessions', 'failure_rate']);
SELECT columns_are('tlsrpt', 'result_type',
	ARRAY['result_type', 'meaning', 'usual_cause', 'action']);
SELECT columns_are('tlsrpt', 'anomaly', ARRAY['name', 'clause', 'meaning']);
SELECT columns_are('tlsrpt', 'schema_version',
	ARRAY['version', 'applied_at']);
SELECT columns_are('tlsrpt', 'daily', ARRAY['day', 'policy_domain',
	'organization_name', 'policy_type', 'reports', 'successful_sessions',
	'failed_sessions', 'failure_rate']);
SELECT columns_are('tlsrpt', 'domain_overview', ARRAY['policy_domain',
	'successful_sessions_7d', 'failed_sessions_7d', 'failure_rate_7d',
	'successful_sessions_30d', 'failed_sessions_30d', 'failure_rate_30d',
	'failure_rate_previous_30d', 'trend', 'worst_problem', 'last_report',
	'reporters', 'worst_problem_id']);

SELECT col_type_is('tlsrpt', t::name, c::name, type,
	format('%s.%s is %s', t, c, type))
FROM (VALUES
	('report', 'report_key', 'bigint'),
	('report', 'day', 'date'),
	('report', 'start_datetime', 'timestamp with time zone'),
	('report', 'policy_domains', 'text[]'),
	('report', 'anomalies', 'text[]'),
	('report', 'identity', 'bytea'),
	('report', 'times_received', 'integer'),
	('report', 'document', 'jsonb'),
	('policy', 'policy_string', 'text[]'),
	('policy', 'mx_host', 'text[]'),
	('policy', 'total_failure_session_count', 'bigint'),
	('failure', 'sending_mta_ip', 'inet'),
	('failure', 'receiving_ip', 'inet'),
	('failure', 'failed_session_count', 'bigint'),
	('rejected_report', 'conflicts_with', 'bigint'),
	('problem_history', 'failed_sessions', 'bigint')
) AS x (t, c, type);

SELECT col_is_pk('tlsrpt', t::name, k::name[],
	t || ' has the primary key ' || k::text)
FROM (VALUES
	('report', ARRAY['report_key', 'day']),
	('policy', ARRAY['policy_key', 'day']),
	('failure', ARRAY['failure_key', 'day']),
	('rejected_report', ARRAY['record', 'received_at'])
) AS x (t, k);
SELECT col_is_unique('tlsrpt', 'report', ARRAY['identity', 'day']::name[],
	'identity is unique with day');

SELECT is(pg_get_partkeydef(('tlsrpt.' || t)::regclass), key,
	t || ' is partitioned by ' || key)
FROM (VALUES ('report', 'RANGE (day)'), ('policy', 'RANGE (day)'),
	('failure', 'RANGE (day)'), ('rejected_report', 'RANGE (received_at)')
) AS x (t, key);

-- Foreign keys leaf to leaf, none on a parent.
SELECT lives_ok($$SELECT tlsrpt.ensure_months('{2024-03-15}', '{2024-04-02}')$$);
SELECT is_empty($$SELECT conname FROM pg_constraint
	WHERE contype = 'f' AND (conrelid IN ('tlsrpt.report'::regclass,
			'tlsrpt.policy'::regclass, 'tlsrpt.failure'::regclass)
		OR confrelid IN ('tlsrpt.report'::regclass,
			'tlsrpt.policy'::regclass, 'tlsrpt.failure'::regclass))$$,
	'no foreign key stands on a parent');
SELECT fk_ok('tlsrpt', 'policy_2024_03', ARRAY['report_key', 'day'],
	'tlsrpt', 'report_2024_03', ARRAY['report_key', 'day']);
SELECT fk_ok('tlsrpt', 'failure_2024_03', ARRAY['policy_key', 'day'],
	'tlsrpt', 'policy_2024_03', ARRAY['policy_key', 'day']);
SELECT is_partition_of('tlsrpt', (t || suffix)::name, 'tlsrpt', t::name)
FROM (VALUES ('report', '_2024_03'), ('policy', '_2024_03'),
	('failure', '_2024_03'), ('rejected_report', '_2024_04')
) AS x (t, suffix);
SELECT is((SELECT count(*) FROM pg_inherits AS i
		JOIN pg_class AS c ON c.oid = i.inhrelid
		WHERE i.inhparent IN (SELECT partrelid FROM pg_partitioned_table)
			AND c.relkind = 'r'
			AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'),
	0::bigint, 'no default partition');
SELECT is((SELECT array_agg(x ORDER BY x) FROM (
		SELECT pg_get_indexdef(i.indexrelid, k, true) AS x
		FROM pg_index AS i, generate_series(1, 2) AS k
		WHERE i.indrelid = 'tlsrpt.failure_2024_03'::regclass
			AND k <= i.indnatts) AS y),
	ARRAY['day', 'day', 'failure_key', 'policy_domain', 'policy_key'],
	'a partition has the indexes of its parent and no more');

SELECT set_eq('SELECT result_type FROM tlsrpt.result_type',
	ARRAY['starttls-not-supported', 'certificate-host-mismatch',
	'certificate-expired', 'certificate-not-trusted', 'validation-failure',
	'tlsa-invalid', 'dnssec-invalid', 'dane-required',
	'sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid'],
	'result_type has the eleven of IANA''s registry');
SELECT ok(bool_and(length(meaning) > 40 AND length(usual_cause) > 40
		AND length(action) > 40), 'and explains each')
FROM tlsrpt.result_type;
SELECT ok(count(*) > 40 AND bool_and(clause LIKE 'RFC %'
		AND meaning LIKE '_%.'), 'anomaly explains each')
FROM tlsrpt.anomaly;

SELECT is(c.reloptions::text LIKE '%security_invoker=true%', true,
	c.relname || ' runs with the rights of who asks')
FROM pg_class AS c
WHERE c.relnamespace = 'tlsrpt'::regnamespace AND c.relkind = 'v'
	AND c.relname <> 'own_document';
SELECT is(reloptions, ARRAY['security_barrier=true'],
	'but own_document, which filters by itself')
FROM pg_class WHERE oid = 'tlsrpt.own_document'::regclass;

SELECT * FROM finish();
ROLLBACK;
