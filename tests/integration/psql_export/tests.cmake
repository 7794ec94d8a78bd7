# The auditor's page, carried out: psql exports a stored ledger, and others' tools verify it.
curfew_tests(integration psql_export curfew::store curfew_test_support)
if(TARGET integration_psql_export)
  add_dependencies(integration_psql_export curfew)
endif()
