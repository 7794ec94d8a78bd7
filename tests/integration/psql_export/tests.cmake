# The auditor's page, carried out: psql exports a stored ledger, and others' tools verify it.
curfew_tests(integration psql_export curfew::store curfew_test_support)
