# A directory of CSV files, as `verify_export` reads it.
curfew_fuzz(export "${CMAKE_CURRENT_LIST_DIR}/export_fuzz.cpp" LIBRARIES curfew::ledger)
