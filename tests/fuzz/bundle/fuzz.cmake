# Evidence bundles: the archive as it comes, and the members in a text, sealed here.
curfew_fuzz(bundle "${CMAKE_CURRENT_LIST_DIR}/bundle_fuzz.cpp" LIBRARIES curfew::ledger)
