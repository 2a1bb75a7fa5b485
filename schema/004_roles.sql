-- SPDX-License-Identifier: MIT
-- Roles and privileges; the files after this one grant privileges on what they
-- create. Nobody logs in as one of these roles: create a login for the loader and
-- one for each analyst, and grant them the role. Tenants get their role from
-- tlsrpt.grant_domain (008).
--
-- Nothing is granted on partitions: a privilege on the parent is enough to read
-- through it, and nobody can bypass the parent's row-level security.

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['tlsrpt_loader', 'tlsrpt_reader',
			'tlsrpt_tenant'] LOOP
		IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
			CONTINUE;
		END IF;
		BEGIN
			EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', name);
		EXCEPTION
			-- Roles belong to the whole cluster: the migration of another
			-- database may have created this one just now.
			WHEN duplicate_object OR unique_violation THEN
				NULL;
			WHEN insufficient_privilege THEN
				RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
					MESSAGE = pg_catalog.format(
						'the role %s does not exist, and %s may not create it',
						name, current_user),
					HINT = 'Run "CREATE ROLE tlsrpt_loader NOLOGIN; CREATE '
						'ROLE tlsrpt_reader NOLOGIN; CREATE ROLE '
						'tlsrpt_tenant NOLOGIN;" once as an administrator, or migrate as a role with CREATEROLE.';
		END;
	END LOOP;
	-- If somebody else owns the roles, or another database is commenting on
	-- them just now, leave the comments as they are.
	BEGIN
		COMMENT ON ROLE tlsrpt_loader IS
			'tlsrpt-milter: may call tlsrpt.ingest and read the schema version, nothing else.';
		COMMENT ON ROLE tlsrpt_reader IS
			'tlsrpt-milter: may read the tables and views of the schema tlsrpt, except setting, erased_report and own_document.';
		COMMENT ON ROLE tlsrpt_tenant IS
			'tlsrpt-milter: may read the rows of the domains granted with tlsrpt.grant_domain.';
	EXCEPTION
		WHEN insufficient_privilege OR unique_violation OR internal_error THEN
			NULL;
	END;
END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA tlsrpt FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA tlsrpt FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tlsrpt FROM PUBLIC;
REVOKE ALL ON TYPE tlsrpt.verdict, tlsrpt.session_sum FROM PUBLIC;

GRANT USAGE ON SCHEMA tlsrpt TO tlsrpt_loader, tlsrpt_reader;
GRANT SELECT ON tlsrpt.schema_version TO tlsrpt_loader, tlsrpt_reader;
GRANT EXECUTE ON FUNCTION tlsrpt.ingest(jsonb) TO tlsrpt_loader;
GRANT SELECT ON tlsrpt.report, tlsrpt.policy, tlsrpt.failure,
	tlsrpt.rejected_report, tlsrpt.problem_history, tlsrpt.result_type,
	tlsrpt.anomaly, tlsrpt.daily, tlsrpt.failure_detail, tlsrpt.rejection TO tlsrpt_reader;
