-- SPDX-License-Identifier: MIT
-- Tenants: a customer's role sees the rows of its own domains and nothing else.
--
-- Row-level security is enabled on the parents, and nobody has a privilege on a
-- partition. The policies compare the table's own policy_domain with an array that
-- is built once per query (measured on 3 million failures: 1 ms, compared with
-- 3.9 s for a join through policy). They do not apply to the owner and therefore
-- not to ingest; readers have a policy that lets everything through and costs
-- nothing.

CREATE TABLE tlsrpt.tenant_domain (
	tenant regrole NOT NULL,
	policy_domain text NOT NULL,
	PRIMARY KEY (tenant, policy_domain)
);
COMMENT ON TABLE tlsrpt.tenant_domain IS
	'Domains that each tenant role may see; maintained by grant_domain and revoke_domain. A tenant sees only its own rows.';
COMMENT ON COLUMN tlsrpt.tenant_domain.tenant IS
	'Role of the tenant.';
COMMENT ON COLUMN tlsrpt.tenant_domain.policy_domain IS
	'Domain, exactly as in policy; for DANE it may be the name of an MX host.';

ALTER TABLE tlsrpt.tenant_domain ENABLE ROW LEVEL SECURITY;
CREATE POLICY reader ON tlsrpt.tenant_domain FOR SELECT TO tlsrpt_reader
	USING (true);
CREATE POLICY tenant ON tlsrpt.tenant_domain FOR SELECT TO tlsrpt_tenant
	USING (pg_has_role(current_user, tenant, 'USAGE'));

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['policy', 'failure', 'problem_history',
			'problem_day', 'domain_day', 'domain', 'reporter_history',
			'report'] LOOP
		EXECUTE pg_catalog.format(
			'ALTER TABLE tlsrpt.%I ENABLE ROW LEVEL SECURITY', name);
		EXECUTE pg_catalog.format('CREATE POLICY reader ON tlsrpt.%I '
			'FOR SELECT TO tlsrpt_reader USING (true)', name);
		EXECUTE pg_catalog.format('CREATE POLICY tenant ON tlsrpt.%I '
			'FOR SELECT TO tlsrpt_tenant USING (%s ARRAY('
			'SELECT t.policy_domain FROM tlsrpt.tenant_domain AS t)%s)', name,
			CASE name WHEN 'report' THEN 'policy_domains &&'
				ELSE 'policy_domain = ANY (' END,
			CASE name WHEN 'report' THEN '' ELSE ')' END);
	END LOOP;
END
$$;

-- Tenants may not read the document and those other columns of report that may
-- name other tenants.
GRANT USAGE ON SCHEMA tlsrpt TO tlsrpt_tenant;
GRANT SELECT (report_key, day, organization_name, contact_info, report_id,
	start_datetime, end_datetime, submitter, received_at, authenticated)
	ON tlsrpt.report TO tlsrpt_tenant;
GRANT SELECT ON tlsrpt.policy, tlsrpt.failure, tlsrpt.problem_history,
	tlsrpt.problem_day, tlsrpt.domain_day, tlsrpt.domain,
	tlsrpt.reporter_history, tlsrpt.result_type, tlsrpt.schema_version,
	tlsrpt.daily, tlsrpt.failure_detail, tlsrpt.problem_fact,
	tlsrpt.problem, tlsrpt.problem_daily, tlsrpt.domain_overview,
	tlsrpt.by_mx_host, tlsrpt.by_reporter, tlsrpt.coverage,
	tlsrpt.silent_reporter TO tlsrpt_tenant;
GRANT SELECT ON tlsrpt.tenant_domain TO tlsrpt_reader, tlsrpt_tenant;
GRANT EXECUTE ON FUNCTION tlsrpt.one_line(text),
	tlsrpt.days_of(text, date, date),
	tlsrpt.others_of(text, text, text, text, text, date, date),
	tlsrpt.problems_of(text, date),
	tlsrpt.overview_of(text) TO tlsrpt_tenant;
-- Indexes use problem_key, and a session keeps their expressions as planned for
-- the first role: inlined if that role may execute the function, otherwise not.
-- After a query by a role that may not execute it, ON CONFLICT in ingest would no
-- longer match the index.
GRANT EXECUTE ON FUNCTION tlsrpt.problem_key(text, text, text, text)
	TO tlsrpt_reader, tlsrpt_tenant;

-- Reads with the privileges of the owner, because a tenant has none on the
-- document. In a view, unlike in a SECURITY DEFINER function, current_user is still
-- the caller. The n-th policy of a report comes from the n-th entry of its
-- document, however that entry spells the domain.
CREATE VIEW tlsrpt.own_document WITH (security_barrier = true) AS
SELECT r.report_key, r.day, r.organization_name, (
		SELECT jsonb_object_agg(m.key, m.value)
		FROM jsonb_each(CASE WHEN jsonb_typeof(r.document) = 'object'
			THEN r.document ELSE '{}' END) AS m
		WHERE m.key IN ('organization-name', 'date-range', 'contact-info',
			'report-id')
	) || jsonb_build_object('policies', (
		SELECT coalesce(jsonb_agg(e.entry ORDER BY e.place), '[]')
		FROM jsonb_array_elements(CASE
				jsonb_typeof(r.document -> 'policies')
			WHEN 'array' THEN r.document -> 'policies'
			WHEN 'object' THEN jsonb_build_array(r.document -> 'policies')
			ELSE '[]' END) WITH ORDINALITY AS e (entry, place)
		WHERE p.domains[e.place] = ANY (o.domains)
			AND cardinality(p.domains) = CASE
				WHEN jsonb_typeof(r.document -> 'policies') = 'array'
				THEN jsonb_array_length(r.document -> 'policies') ELSE 1 END
	)) AS document
FROM (SELECT ARRAY(SELECT t.policy_domain FROM tlsrpt.tenant_domain AS t
	WHERE pg_has_role(current_user, t.tenant, 'USAGE')) AS domains) AS o
JOIN tlsrpt.report AS r ON r.policy_domains && o.domains
CROSS JOIN LATERAL (
	SELECT array_agg(p.policy_domain ORDER BY p.policy_key) AS domains
	FROM tlsrpt.policy AS p
	WHERE p.report_key = r.report_key AND p.day = r.day
) AS p;
COMMENT ON VIEW tlsrpt.own_document IS
	'For tenants: reports about their domains, each with only the policies of these domains. Restrict report_key and day.';
COMMENT ON COLUMN tlsrpt.own_document.report_key IS
	'Key of the report, as in report.';
COMMENT ON COLUMN tlsrpt.own_document.day IS
	'UTC date that the report counts for.';
COMMENT ON COLUMN tlsrpt.own_document.organization_name IS
	'Organisation that sent the report, as it calls itself. NULL if absent.';
COMMENT ON COLUMN tlsrpt.own_document.document IS
	'The document without other domains'' policies and without members that RFC 8460 does not define.';

CREATE FUNCTION tlsrpt.tenant_document(report_key bigint, day date DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT d.document FROM tlsrpt.own_document AS d
	WHERE d.report_key = $1 AND (d.day = $2 OR $2 IS NULL)
$$;
COMMENT ON FUNCTION tlsrpt.tenant_document(bigint, date) IS
	'For tenants: a report''s document with only the policies of the tenant''s own domains; NULL if it has none.';

CREATE FUNCTION tlsrpt.clean_domain(domain text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	clean text := lower(rtrim(btrim(domain), '.'));
BEGIN
	IF coalesce(clean, '') = '' OR length(clean) > 255 OR clean ~ '\s' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('tlsrpt: %L is not a domain', left(domain, 255)),
			HINT = 'Give one name as listed in tlsrpt.domain, such as example.com.';
	END IF;
	RETURN clean;
END
$$;
COMMENT ON FUNCTION tlsrpt.clean_domain(text) IS
	'The domain as the tables store it: in lower case, without the final dot. An error if it is not a domain.';

CREATE FUNCTION tlsrpt.grant_domain(role name, domain text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	clean text := tlsrpt.clean_domain(domain);
	id oid := (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = role);
BEGIN
	IF id IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('tlsrpt.grant_domain: role %I does not exist', role);
	END IF;
	IF EXISTS (SELECT FROM pg_roles AS r
			WHERE r.oid = id AND (r.rolsuper OR r.rolbypassrls))
		OR pg_has_role(id, 'tlsrpt_reader', 'MEMBER') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('tlsrpt.grant_domain: %I already sees all '
				'domains', role),
			HINT = 'A tenant needs a role of its own that is not a superuser, '
				'has no BYPASSRLS and is not a member of tlsrpt_reader.';
	END IF;
	IF NOT pg_has_role(id, 'tlsrpt_tenant', 'MEMBER') THEN
		EXECUTE format('GRANT tlsrpt_tenant TO %I', role);
	END IF;
	INSERT INTO tlsrpt.tenant_domain (tenant, policy_domain)
	VALUES (id, clean)
	ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION tlsrpt.grant_domain(name, text) IS
	'Lets a role see a domain. Each name is granted separately: for DANE, also grant the MX hosts that the tenant runs.';

CREATE FUNCTION tlsrpt.revoke_domain(role name, domain text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	clean text := tlsrpt.clean_domain(domain);
	id oid := (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = role);
BEGIN
	DELETE FROM tlsrpt.tenant_domain AS t
	WHERE t.tenant = id AND t.policy_domain = clean;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found',
			MESSAGE = format('tlsrpt.revoke_domain: %I was not granted %s',
				role, clean);
	END IF;
	IF NOT EXISTS (SELECT FROM tlsrpt.tenant_domain AS t
			WHERE t.tenant = id) THEN
		EXECUTE format('REVOKE tlsrpt_tenant FROM %I', role);
	END IF;
END
$$;
COMMENT ON FUNCTION tlsrpt.revoke_domain(name, text) IS
	'Revokes what grant_domain granted. With its last domain, the role loses all privileges of a tenant.';

REVOKE ALL ON FUNCTION tlsrpt.tenant_document(bigint, date),
	tlsrpt.clean_domain(text), tlsrpt.grant_domain(name, text),
	tlsrpt.revoke_domain(name, text) FROM PUBLIC;
GRANT SELECT ON tlsrpt.own_document TO tlsrpt_tenant;
GRANT EXECUTE ON FUNCTION tlsrpt.tenant_document(bigint, date)
	TO tlsrpt_tenant;
