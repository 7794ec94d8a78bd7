curfew_bench(ledger "${CMAKE_CURRENT_LIST_DIR}/ledger_bench.cpp" LIBRARIES curfew::ledger)
