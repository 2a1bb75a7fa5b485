-- SPDX-License-Identifier: MIT
-- A new report: every column, every default, and both kinds in one batch.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

SELECT is((SELECT array_agg(record || ' ' || outcome) FROM tlsrpt.ingest(
		jsonb_build_array(
			pg_temp.report(1, '{"record": "a", "queue_id": "4XyZ12",
				"envelope_from": "", "message_id": "<1@google.com>",
				"filename": "f.json.gz",
				"media_type": "application/tlsrpt+gzip", "size_bytes": 600,
				"contact_info": "smtp-tls-reporting@google.com",
				"dkim_result": "fail", "dkim_domain": "google.com",
				"anomalies": ["utf8-bom", "null-value"]}'),
			'{"kind": "rejection", "record": "b",
				"received_at": "2024-04-21T00:00:00Z", "reason": "invalid",
				"detail": "no JSON", "envelope_from": "x@y.example",
				"message_id": "<2@y>", "submitter": "y.example",
				"filename": "g", "size_bytes": 7}'::jsonb
				|| jsonb_build_object('content_sha256', sha256('x')),
			pg_temp.report(2, '{"record": "c"}')))),
	ARRAY['a stored', 'b rejected', 'c stored'],
	'one answer for each record, in their order');

SELECT results_eq($$SELECT day, organization_name, contact_info, report_id,
		start_datetime, end_datetime, submitter, received_at, source,
		queue_id, envelope_from, message_id, filename, media_type,
		size_bytes, dkim_result, dkim_domain, authenticated, policy_domains,
		anomalies, identity, content_sha256, times_received, document
	FROM tlsrpt.report WHERE report_id = 'id-1'$$,
	$$VALUES (date '2024-03-20', 'Google Inc.',
		'smtp-tls-reporting@google.com', 'id-1',
		timestamptz '2024-03-20 00:00:00+00',
		timestamptz '2024-03-20 23:59:59+00', 'google.com',
		timestamptz '2024-03-21 04:20:51.123456+00', 'milter', '4XyZ12', '',
		'<1@google.com>', 'f.json.gz', 'application/tlsrpt+gzip', 600::bigint,
		'fail', 'google.com', false, ARRAY['example.com'],
		ARRAY['utf8-bom', 'null-value'], sha256('1'), sha256('one'), 1,
		'{"a": 1}'::jsonb)$$, 'every column of a report is as sent');
SELECT results_eq($$SELECT day, organization_name, policy_type, policy_mode,
		policy_domain, policy_string, mx_host,
		total_successful_session_count, total_failure_session_count
	FROM tlsrpt.policy JOIN tlsrpt.report USING (report_key, day,
		organization_name) WHERE report_id = 'id-1'$$,
	$$VALUES (date '2024-03-20', 'Google Inc.', 'sts', NULL::text,
		'example.com', '{}'::text[], '{}'::text[], 100::bigint, 5::bigint)$$,
	'a policy row belongs to its report, and what it lacks is the default');
SELECT results_eq($$SELECT day, f.organization_name, f.policy_domain,
		result_type, receiving_mx_hostname, failed_session_count
	FROM tlsrpt.failure AS f JOIN tlsrpt.policy USING (policy_key, day)
	JOIN tlsrpt.report USING (report_key, day)
	WHERE report_id = 'id-1' ORDER BY failure_key$$,
	$$VALUES (date '2024-03-20', 'Google Inc.', 'example.com',
			'certificate-expired', 'mx1.example.com', 3::bigint),
		('2024-03-20', 'Google Inc.', 'example.com',
			'starttls-not-supported', 'mx2.example.com', 2)$$,
	'failure rows belong to their policy, in their order');
SELECT results_eq($$SELECT record, received_at, reason, detail,
		envelope_from, message_id, submitter, filename, content_sha256,
		size_bytes, document, conflicts_with FROM tlsrpt.rejected_report$$,
	$$VALUES ('b', timestamptz '2024-04-21 00:00:00+00', 'invalid', 'no JSON',
		'x@y.example', '<2@y>', 'y.example', 'g', sha256('x'), 7::bigint,
		NULL::jsonb, NULL::bigint)$$, 'every column of a rejection is as sent');

SELECT is(pg_temp.outcomes(pg_temp.report(3, '{"queue_id": null,
		"organization_name": null, "policies": [
		{"policy_type": "sts", "policy_mode": "enforce",
			"policy_domain": "b.example", "policy_string": ["version: STSv1"],
			"mx_host": ["mx.b.example"], "failures": []},
		{"policy_domain": null, "failures": null},
		{"policy_domain": "a.example", "failures": [{
			"sending_mta_ip": "192.0.2.1", "receiving_ip": "2001:db8::1",
			"receiving_mx_helo": "helo", "additional_information": "info",
			"failure_reason_code": "code"}]},
		{"policy_domain": "b.example"}]}')), '{stored}', 'sparse is stored');
SELECT results_eq($$SELECT policy_domains, dkim_result, authenticated,
		anomalies, dkim_domain, queue_id, organization_name
	FROM tlsrpt.report WHERE report_id = 'id-3'$$,
	$$VALUES (ARRAY['a.example', 'b.example'], 'none', false, '{}'::text[],
		NULL::text, NULL::text, NULL::text)$$,
	'policy_domains are derived, sorted and distinct; the rest is default');
SELECT results_eq($$SELECT policy_domain, policy_mode, policy_string,
		mx_host, total_failure_session_count FROM tlsrpt.policy
	WHERE report_key = (SELECT report_key FROM tlsrpt.report
		WHERE report_id = 'id-3') ORDER BY policy_key$$,
	$$VALUES ('b.example', 'enforce', ARRAY['version: STSv1'],
			ARRAY['mx.b.example'], 0::bigint),
		(NULL, NULL, '{}', '{}', 0), ('a.example', NULL, '{}', '{}', 0),
		('b.example', NULL, '{}', '{}', 0)$$,
	'four policies, in their order');
SELECT results_eq($$SELECT result_type, sending_mta_ip, receiving_ip,
		receiving_mx_helo, additional_information, failure_reason_code,
		failed_session_count FROM tlsrpt.failure
	WHERE policy_domain = 'a.example'$$,
	$$VALUES (NULL::text, inet '192.0.2.1', inet '2001:db8::1', 'helo',
		'info', 'code', 0::bigint)$$, 'a failure row as sent');

SELECT is(pg_temp.outcomes(pg_temp.report(4, '{"policies": []}')),
	'{stored}', 'a report without policies');
SELECT is(pg_temp.outcomes(pg_temp.report(5) - 'policies'),
	'{stored}', 'a report whose policies are absent');
SELECT is(pg_temp.outcomes(pg_temp.report(6, '{"policies": null}')),
	'{stored}', 'a report whose policies are null');
SELECT is_empty($$SELECT * FROM tlsrpt.ingest('[]')$$,
	'an empty batch has no answer');

-- The same identity on another day is another report.
SELECT is(pg_temp.outcomes(pg_temp.report(1,
	'{"start_datetime": "2024-03-21T00:00:00Z"}')), '{stored}',
	'identity is unique with the day only');

-- Strings as long as intake lets them through: no index entry may fail.
SELECT is(pg_temp.outcomes(pg_temp.report(7, jsonb_build_object(
		'organization_name', long, 'policy_domains', NULL,
		'policies', jsonb_build_array(jsonb_build_object(
			'policy_domain', long, 'failures', jsonb_build_array(
				jsonb_build_object('result_type', long,
					'receiving_mx_hostname', long || '\x\')))))))
	, '{stored}', 'strings of 64 kB')
FROM (SELECT string_agg(md5(i::text), '') AS long
	FROM generate_series(1, 2000) AS i) AS x;
SELECT results_eq($$SELECT length(f.policy_domain), length(f.result_type),
		length(r.policy_domains[1])
	FROM tlsrpt.failure AS f JOIN tlsrpt.policy USING (policy_key, day)
	JOIN tlsrpt.report AS r USING (report_key, day)
	WHERE report_id = 'id-7'$$, 'VALUES (255, 64000, 255)',
	'policy_domain is cut to what an index can hold, other text is not');

SELECT * FROM finish();
ROLLBACK;
