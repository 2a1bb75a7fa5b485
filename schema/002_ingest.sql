-- SPDX-License-Identifier: MIT
-- The only way in: tlsrpt.ingest(batch). The other functions in this file are
-- parts of it; nobody else should call them.
--
-- How the plans stay good: PL/pgSQL keeps plans for the life of a session. A plan
-- made while a partition was empty would still read that partition from end to
-- end when it has a million rows; foreign key checks keep their plans too. So
-- nothing here is left to statistics: ingest never scans a table sequentially,
-- and joins what it holds in memory by hash; settle, which looks rows up, may
-- only use an index. Planning anew each time would cost more: 256 foreign key
-- checks would need 256 plans.
--
-- How two loaders avoid a deadlock: all of them take locks in the same order. The
-- advisory lock for new months comes first; then new rows of report by (day,
-- identity); existing rows by (day, identity); rejected_report by record; and
-- last the sums of 005, in the order of that file, each by its key.

-- Decision on a report whose identity is already in the database.
CREATE TYPE tlsrpt.verdict AS (
	ord int, record text, report_key bigint, day date, outcome text,
	upgrades boolean, submitter text, dkim_result text, dkim_domain text);

-- Sessions to add to the sums of 005 for a domain, reporter and day.
CREATE TYPE tlsrpt.session_sum AS (
	policy_domain text, organization_name text, day date,
	successful_sessions bigint, failed_sessions bigint, mx_host text[]);

-- Reading a batch.

-- Returns the objects at positions ords, counted from 1. policy_domain is cut to
-- 255 characters here and below: a longer one is not a domain (RFC 1035 section
-- 2.3.4) and may not fit into an index entry. The document has all of it.
CREATE FUNCTION tlsrpt.read_records(batch jsonb, ords int[])
RETURNS TABLE (
	ord int, kind text, record text, received_at timestamptz, source text,
	queue_id text, envelope_from text, message_id text, filename text,
	media_type text, size_bytes bigint, organization_name text,
	contact_info text, report_id text, start_datetime timestamptz,
	end_datetime timestamptz, day date, submitter text, dkim_result text,
	dkim_domain text, authenticated boolean, policy_domains text[],
	anomalies text[], identity bytea, content_sha256 bytea, document jsonb,
	reason text, detail text)
LANGUAGE sql STABLE
AS $$
	SELECT o.ord, r.kind, r.record, r.received_at, r.source, r.queue_id,
		r.envelope_from, r.message_id, r.filename, r.media_type,
		r.size_bytes, r.organization_name, r.contact_info, r.report_id,
		r.start_datetime, r.end_datetime,
		coalesce(r.day, (r.start_datetime AT TIME ZONE 'UTC')::date),
		r.submitter, coalesce(r.dkim_result, 'none'), r.dkim_domain,
		coalesce(r.authenticated, false),
		ARRAY(
			SELECT DISTINCT left(domain, 255) COLLATE "C" FROM unnest(
				coalesce(r.policy_domains, ARRAY(
					SELECT p ->> 'policy_domain' FROM jsonb_array_elements(
						nullif(batch -> (o.ord - 1) -> 'policies',
							'null')) AS p))
				) AS domain
			WHERE domain IS NOT NULL ORDER BY 1),
		coalesce(r.anomalies, '{}'), r.identity, r.content_sha256,
		r.document, r.reason, r.detail
	FROM unnest(ords) AS o (ord)
	CROSS JOIN LATERAL jsonb_to_record(batch -> (o.ord - 1)) AS r (
		kind text, record text, received_at timestamptz, source text,
		queue_id text, envelope_from text, message_id text, filename text,
		media_type text, size_bytes bigint, organization_name text,
		contact_info text, report_id text, start_datetime timestamptz,
		end_datetime timestamptz, day date, submitter text, dkim_result text,
		dkim_domain text, authenticated boolean, policy_domains text[],
		anomalies text[], identity bytea, content_sha256 bytea,
		document jsonb, reason text, detail text)
$$;

-- Returns what must be known about a batch before anything is written: the
-- positions of reports and rejections, the days that they cover and were received
-- on, and an error that names a record in which something is missing. A missing
-- value would cause an error later anyway, but one that does not say which record
-- is to blame.
CREATE FUNCTION tlsrpt.survey(
	batch jsonb, OUT records text[], OUT reports int[], OUT erased int[],
	OUT rejections int[], OUT days date[], OUT received date[], OUT error text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array_agg(b.record ORDER BY b.ord),
		coalesce(array_agg(b.ord::int ORDER BY b.ord)
			FILTER (WHERE b.kind = 'report' AND NOT b.erased), '{}'),
		coalesce(array_agg(b.ord::int ORDER BY b.ord)
			FILTER (WHERE b.kind = 'report' AND b.erased), '{}'),
		coalesce(array_agg(b.ord::int ORDER BY b.ord)
			FILTER (WHERE b.kind = 'rejection'), '{}'),
		array_agg(DISTINCT coalesce(b.day,
				(b.start_datetime AT TIME ZONE 'UTC')::date))
			FILTER (WHERE b.kind = 'report'),
		array_agg(DISTINCT (b.received_at AT TIME ZONE 'UTC')::date),
		min(format('record %s of the batch (%s): %s', b.ord,
				coalesce(quote_literal(left(b.record, 200)), 'no name'),
				b.error))
			FILTER (WHERE b.error IS NOT NULL)
	FROM (
		SELECT e.*,
			EXISTS (SELECT FROM tlsrpt.erased_report AS x
				WHERE x.identity = e.identity::bytea) AS erased,
			CASE
				WHEN e.kind IN ('report', 'rejection') THEN (
					SELECT 'missing: ' || string_agg(m.name, ', ')
					FROM (VALUES
						('record', e.record IS NULL),
						('received_at', e.received_at IS NULL),
						('reason', e.kind = 'rejection' AND e.reason IS NULL),
						('source', e.kind = 'report' AND e.source IS NULL),
						('start_datetime',
							e.kind = 'report' AND e.start_datetime IS NULL),
						('end_datetime',
							e.kind = 'report' AND e.end_datetime IS NULL),
						('identity',
							e.kind = 'report' AND e.identity IS NULL),
						('content_sha256',
							e.kind = 'report' AND e.content_sha256 IS NULL),
						('document',
							e.kind = 'report' AND e.document IS NULL)
						) AS m (name, missing)
					WHERE m.missing)
				ELSE format('kind %s is neither report nor rejection',
					coalesce(quote_literal(left(e.kind, 50)), 'NULL'))
			END AS error
		FROM ROWS FROM (jsonb_to_recordset(batch) AS (
				kind text, record text, received_at timestamptz, reason text,
				source text, start_datetime timestamptz,
				end_datetime timestamptz, day date, identity text,
				content_sha256 text, document jsonb))
			WITH ORDINALITY AS e (kind, record, received_at, reason, source,
				start_datetime, end_datetime, day, identity, content_sha256,
				document, ord)
	) AS b
$$;

-- Writing.

-- Stores the policies and failures of the reports at positions ords; report_keys
-- and days are those of these reports. Returns what the sums of 005 have to add,
-- by day. The settings are needed where settle calls it: joining failures with
-- policies by nested loops, as there, would compare each with each.
CREATE FUNCTION tlsrpt.store_details(
	batch jsonb, ords int[], report_keys bigint[], days date[],
	OUT problems tlsrpt.problem_history[], OUT sessions tlsrpt.session_sum[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = on
SET enable_nestloop = off
AS $$
BEGIN
	-- Each look into the batch copies a whole report, so the name is looked up
	-- once for each report rather than for each of its policies.
	WITH origin AS MATERIALIZED (
		SELECT t.ord, t.report_key, t.day,
			batch -> (t.ord - 1) ->> 'organization_name'
				AS organization_name
		FROM unnest(ords, report_keys, days) AS t (ord, report_key, day)
	), entry AS MATERIALIZED (
		SELECT nextval('tlsrpt.policy_key_seq') AS policy_key, t.day,
			t.report_key, t.organization_name, p.policy_type,
			p.policy_mode, left(p.policy_domain, 255) AS policy_domain,
			p.policy_string, p.mx_host, p.total_successful_session_count,
			p.total_failure_session_count, p.failures
		FROM origin AS t
		CROSS JOIN LATERAL jsonb_to_recordset(nullif(
			batch -> (t.ord - 1) -> 'policies', 'null')) AS p (
				policy_type text, policy_mode text, policy_domain text,
				policy_string text[], mx_host text[],
				total_successful_session_count bigint,
				total_failure_session_count bigint, failures jsonb)
	), stored_policy AS (
		INSERT INTO tlsrpt.policy (policy_key, day, report_key,
			organization_name, policy_type, policy_mode, policy_domain,
			policy_string, mx_host, total_successful_session_count,
			total_failure_session_count)
		SELECT e.policy_key, e.day, e.report_key, e.organization_name,
			e.policy_type, e.policy_mode, e.policy_domain,
			coalesce(e.policy_string, '{}'), coalesce(e.mx_host, '{}'),
			coalesce(e.total_successful_session_count, 0),
			coalesce(e.total_failure_session_count, 0)
		FROM entry AS e
		RETURNING policy_domain, organization_name, day, mx_host,
			total_successful_session_count, total_failure_session_count
	), stored_failure AS (
		INSERT INTO tlsrpt.failure (day, policy_key, organization_name,
			policy_domain, result_type, sending_mta_ip,
			receiving_mx_hostname, receiving_mx_helo, receiving_ip,
			failed_session_count, additional_information,
			failure_reason_code)
		SELECT e.day, e.policy_key, e.organization_name, e.policy_domain,
			f.result_type, f.sending_mta_ip, f.receiving_mx_hostname,
			f.receiving_mx_helo, f.receiving_ip,
			coalesce(f.failed_session_count, 0), f.additional_information,
			f.failure_reason_code
		FROM entry AS e
		CROSS JOIN LATERAL jsonb_to_recordset(e.failures) AS f (
			result_type text, sending_mta_ip inet,
			receiving_mx_hostname text, receiving_mx_helo text,
			receiving_ip inet, failed_session_count bigint,
			additional_information text, failure_reason_code text)
		RETURNING policy_key, policy_domain, result_type,
			receiving_mx_hostname, organization_name, day,
			failed_session_count
	)
	SELECT ARRAY(
			SELECT ROW(f.policy_domain, f.result_type,
				f.receiving_mx_hostname, f.organization_name, f.day, f.day,
				least(sum(f.failed_session_count),
					9223372036854775807)::bigint,
				NULL, max(e.policy_type))::tlsrpt.problem_history
			FROM stored_failure AS f
			JOIN entry AS e USING (policy_key)
			GROUP BY f.policy_domain, f.result_type,
				f.receiving_mx_hostname, f.organization_name, f.day),
		ARRAY(
			SELECT ROW(policy_domain, organization_name, day, least(
					sum(total_successful_session_count),
					9223372036854775807)::bigint, least(
					sum(total_failure_session_count),
					9223372036854775807)::bigint,
				nullif(max(mx_host[1:20]), '{}'))::tlsrpt.session_sum
			FROM stored_policy
			GROUP BY policy_domain, organization_name, day)
	INTO problems, sessions;
END
$$;

-- Decides about the reports whose identity is already in the database or occurs
-- more than once in the batch, and carries the decisions out. verdicts has one
-- decision for each position in ords; problems and sessions are what the sums have
-- to add, recount and resum what they have to count again.
CREATE FUNCTION tlsrpt.settle(
	batch jsonb, ords int[], days date[],
	OUT verdicts tlsrpt.verdict[], OUT problems tlsrpt.problem_history[],
	OUT sessions tlsrpt.session_sum[], OUT recount tlsrpt.problem_history[],
	OUT resum tlsrpt.session_sum[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_nestloop = on
AS $$
DECLARE
	winners tlsrpt.verdict[];
BEGIN
	problems := '{}';
	sessions := '{}';
	recount := '{}';
	resum := '{}';

	PERFORM FROM tlsrpt.report AS r
	JOIN (SELECT DISTINCT n.identity, n.day
		FROM tlsrpt.read_records(batch, ords) AS n) AS n USING (identity, day)
	WHERE r.day = ANY (days)
	ORDER BY r.day, r.identity
	FOR UPDATE OF r;

	-- If the stored report is not authenticated, the first authenticated
	-- newcomer decides: the same content upgrades the stored report, different
	-- content replaces it. All others are compared with the report that is
	-- counted after that.
	SELECT array_agg(ROW(j.ord, j.record, j.report_key, j.day,
			CASE WHEN j.content_sha256 <> j.kept THEN 'conflict'
				WHEN j.decides AND j.content_sha256 <> j.stored
					THEN 'replaced'
				ELSE 'duplicate' END,
			j.decides AND j.content_sha256 = j.stored, j.submitter,
			j.dkim_result, j.dkim_domain)::tlsrpt.verdict ORDER BY j.ord)
	INTO verdicts
	FROM (
		SELECT n.ord, n.record, n.report_key, n.day, n.content_sha256,
			n.stored, n.submitter, n.dkim_result, n.dkim_domain,
			n.may_decide AND n.ord = first_value(n.ord) OVER place AS decides,
			CASE WHEN first_value(n.may_decide) OVER place
				THEN first_value(n.content_sha256) OVER place
				ELSE n.stored END AS kept
		FROM (
			SELECT m.*, r.report_key, r.content_sha256 AS stored,
				m.authenticated AND NOT r.authenticated AS may_decide
			FROM tlsrpt.read_records(batch, ords) AS m
			JOIN tlsrpt.report AS r USING (identity, day)
			WHERE r.day = ANY (days)
		) AS n
		WINDOW place AS (PARTITION BY n.report_key
			ORDER BY n.may_decide DESC, n.ord)
	) AS j;
	-- A report was neither inserted nor found: its month was dropped, or the
	-- transaction is not READ COMMITTED. Another try settles it.
	IF coalesce(cardinality(verdicts), 0) <> cardinality(ords) THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'tlsrpt.ingest: a report vanished while it was being compared',
			HINT = 'Send the batch again, in a READ COMMITTED transaction.';
	END IF;

	SELECT array_agg(v ORDER BY v.ord) INTO winners
	FROM unnest(verdicts) AS v WHERE v.outcome = 'replaced';
	IF winners IS NOT NULL THEN
		SELECT r.* INTO problems, sessions, recount, resum
		FROM tlsrpt.replace_reports(batch, winners, days) AS r;
	END IF;

	UPDATE tlsrpt.report AS r
	SET times_received = r.times_received + d.times,
		authenticated = r.authenticated OR d.upgrades,
		-- A DKIM pass is one for this submitter, which a document that names
		-- none has by the way it came.
		submitter = CASE WHEN d.upgrades THEN d.submitter
			ELSE r.submitter END,
		dkim_result = CASE WHEN d.upgrades THEN d.dkim_result
			ELSE r.dkim_result END,
		dkim_domain = CASE WHEN d.upgrades THEN d.dkim_domain
			ELSE r.dkim_domain END
	FROM (
		SELECT v.report_key, v.day, count(*)::int AS times,
			bool_or(v.upgrades) AS upgrades,
			min(v.submitter) FILTER (WHERE v.upgrades) AS submitter,
			min(v.dkim_result) FILTER (WHERE v.upgrades) AS dkim_result,
			min(v.dkim_domain) FILTER (WHERE v.upgrades) AS dkim_domain
		FROM unnest(verdicts) AS v
		WHERE v.outcome = 'duplicate'
		GROUP BY v.report_key, v.day
	) AS d
	WHERE r.report_key = d.report_key AND r.day = d.day
		AND r.day = ANY (days);

	INSERT INTO tlsrpt.rejected_report (record, received_at, reason, detail,
		envelope_from, message_id, submitter, filename, content_sha256,
		size_bytes, document, conflicts_with)
	SELECT n.record, n.received_at, 'conflict',
		'A report with the same sender, report-id, period and policy domains '
			|| 'but different content is already counted; this one is not.',
		n.envelope_from, n.message_id, n.submitter, n.filename,
		n.content_sha256, n.size_bytes, n.document, v.report_key
	FROM unnest(verdicts) AS v
	CROSS JOIN LATERAL tlsrpt.read_records(batch, ARRAY[v.ord]) AS n
	WHERE v.outcome = 'conflict'
	ORDER BY n.record, n.received_at
	ON CONFLICT DO NOTHING;
END
$$;

-- Replaces unauthenticated reports with authenticated ones and moves them to
-- rejected_report. Called by settle, which has locked their rows.
CREATE FUNCTION tlsrpt.replace_reports(
	batch jsonb, winners tlsrpt.verdict[], days date[],
	OUT problems tlsrpt.problem_history[], OUT sessions tlsrpt.session_sum[],
	OUT recount tlsrpt.problem_history[], OUT resum tlsrpt.session_sum[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- The month in which a replaced report was received may have been dropped.
	PERFORM tlsrpt.ensure_months('{}', array_agg(DISTINCT
		(r.received_at AT TIME ZONE 'UTC')::date))
	FROM unnest(winners) AS v
	JOIN tlsrpt.report AS r USING (report_key, day)
	WHERE r.day = ANY (days);

	INSERT INTO tlsrpt.rejected_report (record, received_at, reason, detail,
		envelope_from, message_id, submitter, filename, content_sha256,
		size_bytes, document, conflicts_with)
	SELECT v.record, r.received_at, 'conflict',
		'This report was not authenticated; an authenticated one with the '
			|| 'same sender, report-id, period and policy domains but '
			|| 'different content has replaced it.',
		r.envelope_from, r.message_id, r.submitter, r.filename,
		r.content_sha256, r.size_bytes, r.document, r.report_key
	FROM unnest(winners) AS v
	JOIN tlsrpt.report AS r USING (report_key, day)
	WHERE r.day = ANY (days)
	ORDER BY v.record, r.received_at
	ON CONFLICT DO NOTHING;

	WITH removed AS (
		DELETE FROM tlsrpt.failure AS f
		USING unnest(winners) AS v, tlsrpt.policy AS p
		WHERE p.report_key = v.report_key AND p.day = v.day
			AND f.policy_key = p.policy_key AND f.day = p.day
			AND p.day = ANY (days) AND f.day = ANY (days)
		RETURNING f.policy_domain, f.result_type, f.receiving_mx_hostname,
			f.organization_name, f.day
	)
	SELECT coalesce(array_agg(DISTINCT ROW(f.policy_domain, f.result_type,
			f.receiving_mx_hostname, f.organization_name, f.day, f.day, 0,
			NULL, NULL)::tlsrpt.problem_history), '{}')
	INTO recount FROM removed AS f;

	WITH removed AS (
		DELETE FROM tlsrpt.policy AS p
		USING unnest(winners) AS v
		WHERE p.report_key = v.report_key AND p.day = v.day
			AND p.day = ANY (days)
		RETURNING p.policy_domain, p.organization_name, p.day
	)
	SELECT coalesce(array_agg(DISTINCT ROW(p.policy_domain,
			p.organization_name, p.day, 0, 0, NULL)
		::tlsrpt.session_sum), '{}')
	INTO resum FROM removed AS p;

	UPDATE tlsrpt.report AS r
	SET (organization_name, contact_info, report_id, start_datetime,
		end_datetime, submitter, received_at, source, queue_id,
		envelope_from, message_id, filename, media_type, size_bytes,
		dkim_result, dkim_domain, authenticated, policy_domains, anomalies,
		content_sha256, document, times_received)
	= (n.organization_name, n.contact_info, n.report_id, n.start_datetime,
		n.end_datetime, n.submitter, n.received_at, n.source, n.queue_id,
		n.envelope_from, n.message_id, n.filename, n.media_type, n.size_bytes,
		n.dkim_result, n.dkim_domain, n.authenticated, n.policy_domains,
		n.anomalies, n.content_sha256, n.document, 1)
	FROM unnest(winners) AS v
	CROSS JOIN LATERAL tlsrpt.read_records(batch, ARRAY[v.ord]) AS n
	WHERE r.report_key = v.report_key AND r.day = v.day
		AND r.day = ANY (days);

	SELECT d.* INTO problems, sessions
	FROM (SELECT array_agg(v.ord) AS ords, array_agg(v.report_key) AS keys,
			array_agg(v.day) AS their_days
		FROM unnest(winners) AS v) AS w,
		tlsrpt.store_details(batch, w.ords, w.keys, w.their_days) AS d;
END
$$;

CREATE FUNCTION tlsrpt.ingest(batch jsonb)
RETURNS TABLE (record text, outcome text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC'
SET jit = off
SET enable_seqscan = off
SET enable_nestloop = off
AS $$
#variable_conflict use_column
DECLARE
	seen record;
	stored int[];
	keys bigint[];
	days date[];
	rest int[];
	verdicts tlsrpt.verdict[];
	problems tlsrpt.problem_history[] := '{}';
	sessions tlsrpt.session_sum[] := '{}';
	settled record;
BEGIN
	IF batch IS NULL OR jsonb_typeof(batch) <> 'array' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'tlsrpt.ingest: the batch is not a JSON array';
	END IF;
	SELECT * INTO seen FROM tlsrpt.survey(batch);
	IF seen.error IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'tlsrpt.ingest: ' || seen.error;
	END IF;
	PERFORM tlsrpt.ensure_months(seen.days, seen.received);
	IF EXISTS (SELECT FROM tlsrpt.setting AS s
			WHERE s.name = 'truncate_addresses' AND s.value = 'on') THEN
		batch := tlsrpt.truncate_batch(batch);
	END IF;

	-- Among reports with the same identity, authenticated ones come first.
	WITH winner AS MATERIALIZED (
		SELECT DISTINCT ON (n.day, n.identity) n.*
		FROM tlsrpt.read_records(batch, seen.reports) AS n
		ORDER BY n.day, n.identity, n.authenticated DESC, n.ord
	), inserted AS (
		INSERT INTO tlsrpt.report (day, organization_name, contact_info,
			report_id, start_datetime, end_datetime, submitter, received_at,
			source, queue_id, envelope_from, message_id, filename,
			media_type, size_bytes, dkim_result, dkim_domain, authenticated,
			policy_domains, anomalies, identity, content_sha256, document)
		SELECT w.day, w.organization_name, w.contact_info, w.report_id,
			w.start_datetime, w.end_datetime, w.submitter, w.received_at,
			w.source, w.queue_id, w.envelope_from, w.message_id, w.filename,
			w.media_type, w.size_bytes, w.dkim_result, w.dkim_domain,
			w.authenticated, w.policy_domains, w.anomalies, w.identity,
			w.content_sha256, w.document
		FROM winner AS w
		ORDER BY w.day, w.identity
		ON CONFLICT (identity, day) DO NOTHING
		RETURNING report_key, day, identity
	)
	SELECT coalesce(array_agg(w.ord), '{}'), array_agg(i.report_key),
		array_agg(i.day)
	INTO stored, keys, days
	FROM winner AS w
	JOIN inserted AS i USING (identity, day);

	IF stored <> '{}' THEN
		SELECT d.* INTO problems, sessions
		FROM tlsrpt.store_details(batch, stored, keys, days) AS d;
	END IF;

	SELECT array_agg(o) INTO rest
	FROM (SELECT unnest(seen.reports) EXCEPT SELECT unnest(stored)) AS e (o);
	IF rest IS NOT NULL THEN
		SELECT s.* INTO settled
		FROM tlsrpt.settle(batch, rest, seen.days) AS s;
		verdicts := settled.verdicts;
		problems := problems || settled.problems || settled.recount;
		sessions := sessions || settled.sessions || settled.resum;
	END IF;

	IF seen.rejections <> '{}' THEN
		INSERT INTO tlsrpt.rejected_report (record, received_at, reason, detail,
			envelope_from, message_id, submitter, filename, content_sha256,
			size_bytes)
		SELECT n.record, n.received_at, n.reason, n.detail, n.envelope_from,
			n.message_id, n.submitter, n.filename, n.content_sha256,
			n.size_bytes
		FROM tlsrpt.read_records(batch, seen.rejections) AS n
		ORDER BY n.record, n.received_at
		ON CONFLICT DO NOTHING;
	END IF;

	PERFORM tlsrpt.remember_sessions(sessions);
	PERFORM tlsrpt.remember_problems(problems);
	IF rest IS NOT NULL THEN
		PERFORM tlsrpt.recount_sessions(settled.resum);
		PERFORM tlsrpt.recount_problems(settled.recount);
	END IF;

	RETURN QUERY
	SELECT seen.records[a.ord], a.outcome
	FROM (SELECT o AS ord, 'stored' AS outcome FROM unnest(stored) AS o
		UNION ALL SELECT v.ord, v.outcome FROM unnest(verdicts) AS v
		UNION ALL SELECT o, 'duplicate' FROM unnest(seen.erased) AS o
		UNION ALL SELECT o, 'rejected' FROM unnest(seen.rejections) AS o) AS a
	ORDER BY a.ord;
END
$$;

COMMENT ON TYPE tlsrpt.session_sum IS
	'Sessions to add to the sums.';
COMMENT ON COLUMN tlsrpt.session_sum.policy_domain IS
	'Domain whose policy was applied, as in policy; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.session_sum.organization_name IS
	'Organisation that sent the report, as in policy. NULL if absent.';
COMMENT ON COLUMN tlsrpt.session_sum.day IS
	'UTC date that the report counts for.';
COMMENT ON COLUMN tlsrpt.session_sum.successful_sessions IS
	'Number of successful sessions to add.';
COMMENT ON COLUMN tlsrpt.session_sum.failed_sessions IS
	'Number of failed sessions to add.';
COMMENT ON COLUMN tlsrpt.session_sum.mx_host IS
	'mx_host of one of the policies, as in policy. NULL if none lists any.';

COMMENT ON TYPE tlsrpt.verdict IS
	'Decision on a report whose identity is already stored.';
COMMENT ON COLUMN tlsrpt.verdict.ord IS
	'Position of the new report in the batch, from 1.';
COMMENT ON COLUMN tlsrpt.verdict.record IS
	'Name of the spool record of the new report.';
COMMENT ON COLUMN tlsrpt.verdict.report_key IS
	'Key of the stored report.';
COMMENT ON COLUMN tlsrpt.verdict.day IS
	'Day of the stored report.';
COMMENT ON COLUMN tlsrpt.verdict.outcome IS
	'duplicate, replaced or conflict, as ingest returns it.';
COMMENT ON COLUMN tlsrpt.verdict.upgrades IS
	'True if this duplicate makes the stored report authenticated.';
COMMENT ON COLUMN tlsrpt.verdict.submitter IS
	'Submitter of the new report.';
COMMENT ON COLUMN tlsrpt.verdict.dkim_result IS
	'DKIM result of the new report: pass, fail or none.';
COMMENT ON COLUMN tlsrpt.verdict.dkim_domain IS
	'Signing domain to which dkim_result applies. NULL if there is none.';

COMMENT ON FUNCTION tlsrpt.ingest(jsonb) IS
	'The only way in. Takes an array of objects, each with kind (report or rejection), record, and the columns of report or rejected_report under their own names; a report has an array policies, and a policy has an array failures. Returns the outcome of each: stored; duplicate (the same report was counted before, or was erased on request); replaced (it is authenticated and took the place of one that is not); conflict (another report with the same identity is counted); rejected. Stores the whole batch or nothing. Sending a batch again adds nothing.';
COMMENT ON FUNCTION tlsrpt.survey(jsonb) IS
	'What a batch contains and what it lacks. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.read_records(jsonb, int[]) IS
	'Objects at the given positions of a batch, with defaults filled in. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.store_details(jsonb, int[], bigint[], date[]) IS
	'Inserts policies and failures. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.settle(jsonb, int[], date[]) IS
	'Handles duplicates and conflicts. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.replace_reports(jsonb, tlsrpt.verdict[], date[]) IS
	'Replaces unauthenticated reports with authenticated ones. Part of ingest.';
