# What the engine reads back: a snapshot, and the entries of a ledger that replay feeds to it.
curfew_fuzz(records "${CMAKE_CURRENT_LIST_DIR}/records_fuzz.cpp" LIBRARIES curfew::engine)
