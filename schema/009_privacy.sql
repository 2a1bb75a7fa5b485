-- SPDX-License-Identifier: MIT
-- How long data is kept, and how it is deleted. For the owner of the schema.

-- Retention.

CREATE FUNCTION tlsrpt.set_retention(retention interval)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF retention < interval '1 day' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('tlsrpt.set_retention: %s is less than a day',
				retention),
			HINT = 'Give an interval such as ''25 months'', or NULL to keep '
				'everything.';
	END IF;
	DELETE FROM tlsrpt.setting AS s WHERE s.name = 'retention';
	IF retention IS NOT NULL THEN
		INSERT INTO tlsrpt.setting (name, value)
		VALUES ('retention', retention::text);
	END IF;
END
$$;
COMMENT ON FUNCTION tlsrpt.set_retention(interval) IS
	'Sets how long apply_retention keeps reports and rejections; NULL keeps them forever.';

-- Subtracts a month's failures from problem_history before the month is dropped.
-- Nothing can be subtracted from sums that have reached their limit; the function
-- returns these, so that they are recalculated afterwards.
CREATE FUNCTION tlsrpt.forget_failures(month regclass)
RETURNS tlsrpt.problem_history[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	full_sums tlsrpt.problem_history[];
BEGIN
	EXECUTE format($q$
		WITH gone AS MATERIALIZED (
			SELECT tlsrpt.problem_key(g.policy_domain, g.result_type,
				g.receiving_mx_hostname, g.organization_name) AS key, g.failed
			FROM (
				SELECT f.policy_domain, f.result_type,
					f.receiving_mx_hostname, f.organization_name,
					sum(f.failed_session_count) AS failed
				FROM %s AS f
				GROUP BY 1, 2, 3, 4
			) AS g
		), changed AS (
			UPDATE tlsrpt.problem_history AS h
			SET failed_sessions = greatest(h.failed_sessions - g.failed, 0)
				::bigint
			FROM gone AS g
			WHERE tlsrpt.problem_key(h.policy_domain, h.result_type,
					h.receiving_mx_hostname, h.organization_name) = g.key
				AND h.failed_sessions < 9223372036854775807
			RETURNING 1
		)
		SELECT ARRAY(
			SELECT h FROM tlsrpt.problem_history AS h
			WHERE h.failed_sessions = 9223372036854775807
				AND tlsrpt.problem_key(h.policy_domain, h.result_type,
					h.receiving_mx_hostname, h.organization_name)
					IN (SELECT g.key FROM gone AS g))
		FROM (SELECT count(*) FROM changed) AS c
	$q$, month) INTO full_sums;
	RETURN full_sums;
END
$$;
COMMENT ON FUNCTION tlsrpt.forget_failures(regclass) IS
	'Subtracts the failures of one month from problem_history. Part of apply_retention.';

-- Writers wait from the start, because ingest locks the rows of the sums last.
-- Readers wait only for the drops at the end.
CREATE FUNCTION tlsrpt.apply_retention(wait interval DEFAULT '2 seconds')
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	retention interval := (SELECT s.value FROM tlsrpt.setting AS s
		WHERE s.name = 'retention');
	-- Months before this one are dropped.
	first_kept date := date_trunc('month',
		(now() AT TIME ZONE 'UTC') - retention)::date;
	month record;
	recount tlsrpt.problem_history[] := '{}';
BEGIN
	IF retention IS NULL THEN
		RETURN;
	END IF;
	PERFORM set_config('lock_timeout',
		(extract(epoch FROM wait) * 1000)::int || 'ms', true);
	LOCK TABLE tlsrpt.report, tlsrpt.policy, tlsrpt.failure,
		tlsrpt.rejected_report IN SHARE ROW EXCLUSIVE MODE;
	CREATE TEMP TABLE month_to_drop ON COMMIT DROP AS
	SELECT i.inhrelid::regclass AS name, c.relname::text AS relname, place
	FROM pg_inherits AS i
	JOIN pg_class AS c ON c.oid = i.inhrelid
	JOIN (VALUES ('tlsrpt.failure'::regclass, 1), ('tlsrpt.policy', 2),
			('tlsrpt.report', 3), ('tlsrpt.rejected_report', 4))
		AS p (parent, place) ON p.parent = i.inhparent
	WHERE c.relname ~ '_[0-9]{4}_[0-9]{2}$'
		AND to_date(right(c.relname, 7), 'YYYY_MM') < first_kept;

	FOR month IN SELECT * FROM pg_temp.month_to_drop WHERE place = 1 LOOP
		recount := recount || tlsrpt.forget_failures(month.name);
	END LOOP;
	DELETE FROM tlsrpt.domain_day AS d WHERE d.day < first_kept;
	DELETE FROM tlsrpt.reporter_history AS h WHERE h.last_report < first_kept;
	DELETE FROM tlsrpt.problem_day AS d WHERE d.day < first_kept;
	DELETE FROM tlsrpt.problem_history AS h WHERE h.last_seen < first_kept;
	DELETE FROM tlsrpt.domain AS d WHERE NOT EXISTS (
		SELECT FROM tlsrpt.domain_day AS t
		WHERE t.policy_domain = d.policy_domain);
	FOR month IN SELECT * FROM pg_temp.month_to_drop
			ORDER BY place, relname LOOP
		EXECUTE format('DROP TABLE %s', month.name);
		RETURN NEXT month.relname;
	END LOOP;
	PERFORM tlsrpt.recount_problems(recount);
	DROP TABLE pg_temp.month_to_drop;
END
$$;
COMMENT ON FUNCTION tlsrpt.apply_retention(interval) IS
	'Drops whole months that are older than set_retention allows and removes them from the sums; first_seen of a problem stays while a reporter that saw it is kept. Returns the names of the dropped tables. Waits for locks for the given time, then fails with SQLSTATE 55P03 and can be run again. Run it daily from cron or a timer.';

-- Sending addresses.

CREATE FUNCTION tlsrpt.set_truncate_addresses(truncate boolean)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	INSERT INTO tlsrpt.setting (name, value)
	VALUES ('truncate_addresses',
		CASE WHEN coalesce(truncate, false) THEN 'on' ELSE 'off' END)
	ON CONFLICT (name) DO UPDATE SET value = excluded.value
$$;
COMMENT ON FUNCTION tlsrpt.set_truncate_addresses(boolean) IS
	'Sets whether ingest truncates sending-mta-ip to its network (24 bits for IPv4, 48 for IPv6) in rows and documents. Stored reports do not change.';

CREATE FUNCTION tlsrpt.truncate_address(address text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed inet;
BEGIN
	parsed := split_part(btrim(address, '[] '), '%', 1)::inet;
	RETURN host(network(set_masklen(parsed,
		CASE family(parsed) WHEN 4 THEN 24 ELSE 48 END)));
EXCEPTION
	-- An address that can't be read can't be truncated.
	WHEN data_exception THEN
		RETURN NULL;
END
$$;
COMMENT ON FUNCTION tlsrpt.truncate_address(text) IS
	'The network of an address; NULL if the text is not an address. Part of ingest.';

-- Truncates addresses anywhere in a document: since readers tolerate deviations
-- from the RFC, this function has to as well.
CREATE FUNCTION tlsrpt.truncate_document(value jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE jsonb_typeof(value)
		WHEN 'object' THEN (
			SELECT coalesce(jsonb_object_agg(m.key, CASE
				WHEN m.key IN ('sending-mta-ip', 'sending_mta_ip')
				THEN to_jsonb(tlsrpt.truncate_address(m.value #>> '{}'))
				ELSE tlsrpt.truncate_document(m.value) END), '{}')
			FROM jsonb_each(value) AS m)
		WHEN 'array' THEN (
			SELECT coalesce(jsonb_agg(tlsrpt.truncate_document(e.value)
				ORDER BY e.place), '[]')
			FROM jsonb_array_elements(value) WITH ORDINALITY
				AS e (value, place))
		ELSE value END;
END
$$;
COMMENT ON FUNCTION tlsrpt.truncate_document(jsonb) IS
	'The document, or part of one, with its sending addresses truncated. Part of ingest.';

-- In a batch, the rows of a report and its document differ only in the name of the
-- member that holds the address, and truncate_document knows both names.
CREATE FUNCTION tlsrpt.truncate_batch(batch jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN tlsrpt.truncate_document(batch);
COMMENT ON FUNCTION tlsrpt.truncate_batch(jsonb) IS
	'The batch with its sending addresses truncated. Part of ingest.';

-- Exporting and erasing one domain.

CREATE FUNCTION tlsrpt.export_domain(domain text)
RETURNS TABLE (report_key bigint, day date, received_at timestamptz,
	organization_name text, other_domains text[], document jsonb)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT r.report_key, r.day, r.received_at, r.organization_name,
		array_remove(r.policy_domains, n.name), r.document
	FROM (SELECT tlsrpt.clean_domain(domain) AS name) AS n
	JOIN tlsrpt.report AS r ON r.policy_domains @> ARRAY[n.name]
	ORDER BY r.day, r.report_key
$$;
COMMENT ON FUNCTION tlsrpt.export_domain(text) IS
	'The original documents of all reports about a domain. The document also covers the domains in other_domains: check them before you pass it on.';

-- Returns a document without the entries that are about a domain, or NULL when
-- nothing is left. Entries are found by position if each has a row (an entry may
-- spell its domain differently or not name it at all), and by name in any case.
CREATE FUNCTION tlsrpt.erase_entries(
	document jsonb, domains text[], erased text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN l.entries IS NOT NULL THEN jsonb_set(CASE
			WHEN strpos(lower(document ->> 'report-id'), erased) > 0
			THEN document - 'report-id' ELSE document END,
		'{policies}', l.entries) END
	FROM (
		SELECT jsonb_agg(e.entry ORDER BY e.place) AS entries
		FROM jsonb_array_elements(CASE jsonb_typeof(document -> 'policies')
				WHEN 'array' THEN document -> 'policies'
				WHEN 'object' THEN jsonb_build_array(document -> 'policies')
				ELSE '[]' END) WITH ORDINALITY AS e (entry, place)
		WHERE CASE WHEN jsonb_typeof(document -> 'policies') = 'array'
					AND jsonb_array_length(document -> 'policies')
						= cardinality(domains)
				THEN domains[e.place] IS DISTINCT FROM erased
				ELSE true END
			AND lower(rtrim(btrim(coalesce(
				e.entry #>> '{policy,policy-domain}', '')), '.')) <> erased
	) AS l
$$;
COMMENT ON FUNCTION tlsrpt.erase_entries(jsonb, text[], text) IS
	'The document without the entries about one domain. Part of erase_domain.';

CREATE FUNCTION tlsrpt.erase_domain(domain text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	erased text := tlsrpt.clean_domain(domain);
	-- Matches the domain as a separate word in a filename or a sentence, with or
	-- without a final dot.
	word text := '(^|[^a-z0-9.-])'
		|| regexp_replace(erased, '([^a-z0-9])', '\\\1', 'g')
		|| '\.?($|[^a-z0-9.-])';
	touched bigint;
BEGIN
	-- ingest waits for this lock and then finds the rows in erased_report.
	LOCK TABLE tlsrpt.report, tlsrpt.policy, tlsrpt.failure,
		tlsrpt.rejected_report IN SHARE ROW EXCLUSIVE MODE;
	CREATE TEMP TABLE report_to_erase ON COMMIT DROP AS
	SELECT r.report_key, r.day, r.identity,
		tlsrpt.erase_entries(r.document, p.domains, erased) AS document,
		array_remove(r.policy_domains, erased) AS policy_domains,
		coalesce(array_remove(p.domains, erased), '{}') = '{}' AS wholly
	FROM tlsrpt.report AS r
	CROSS JOIN LATERAL (
		SELECT array_agg(p.policy_domain ORDER BY p.policy_key) AS domains
		FROM tlsrpt.policy AS p
		WHERE p.report_key = r.report_key AND p.day = r.day
	) AS p
	WHERE r.policy_domains @> ARRAY[erased];
	GET DIAGNOSTICS touched = ROW_COUNT;

	INSERT INTO tlsrpt.erased_report (identity)
	SELECT e.identity FROM pg_temp.report_to_erase AS e
	ON CONFLICT DO NOTHING;
	DELETE FROM tlsrpt.failure AS f WHERE f.policy_domain = erased;
	DELETE FROM tlsrpt.policy AS p WHERE p.policy_domain = erased;
	DELETE FROM tlsrpt.report AS r USING pg_temp.report_to_erase AS e
	WHERE r.report_key = e.report_key AND r.day = e.day AND e.wholly;
	UPDATE tlsrpt.report AS r
	SET document = coalesce(e.document, '{}'),
		policy_domains = e.policy_domains,
		report_id = CASE WHEN strpos(lower(r.report_id), erased) > 0
			THEN NULL ELSE r.report_id END,
		filename = CASE WHEN strpos(lower(r.filename), erased) > 0
			THEN NULL ELSE r.filename END
	FROM pg_temp.report_to_erase AS e
	WHERE r.report_key = e.report_key AND r.day = e.day AND NOT e.wholly;

	DELETE FROM tlsrpt.rejected_report AS j
	USING pg_temp.report_to_erase AS e
	WHERE j.conflicts_with = e.report_key AND e.wholly;
	UPDATE tlsrpt.rejected_report AS j
	SET document = tlsrpt.erase_entries(j.document, NULL, erased)
	WHERE lower(j.document::text) ~ word;
	DELETE FROM tlsrpt.rejected_report AS j
	WHERE lower(j.filename) ~ word OR lower(j.detail) ~ word
		OR lower(j.document::text) ~ word
		OR j.reason = 'conflict' AND j.document IS NULL;

	DELETE FROM tlsrpt.domain AS d WHERE d.policy_domain = erased;
	DELETE FROM tlsrpt.domain_day AS d WHERE d.policy_domain = erased;
	DELETE FROM tlsrpt.reporter_history AS h WHERE h.policy_domain = erased;
	DELETE FROM tlsrpt.problem_day AS d WHERE d.policy_domain = erased;
	DELETE FROM tlsrpt.problem_history AS h WHERE h.policy_domain = erased;
	DROP TABLE pg_temp.report_to_erase;
	RETURN touched;
END
$$;
COMMENT ON FUNCTION tlsrpt.erase_domain(text) IS
	'Removes everything that is stored about a domain: its rows, its reports, and its entries in the documents of reports about several domains. These reports can''t be loaded again. Returns the number of reports. DANE reports may be stored under the name of an MX host instead: erase that name as well.';

REVOKE ALL ON FUNCTION tlsrpt.set_retention(interval),
	tlsrpt.forget_failures(regclass), tlsrpt.apply_retention(interval),
	tlsrpt.set_truncate_addresses(boolean), tlsrpt.truncate_address(text),
	tlsrpt.truncate_document(jsonb), tlsrpt.truncate_batch(jsonb),
	tlsrpt.export_domain(text),
	tlsrpt.erase_entries(jsonb, text[], text),
	tlsrpt.erase_domain(text) FROM PUBLIC;
