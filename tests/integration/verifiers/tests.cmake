# The ledger's format as three programs see it: ours, a Python script written from docs/ledger-format.md, and Go's own
# packages for transparency logs.
curfew_tests(integration verifiers curfew::ledger)
