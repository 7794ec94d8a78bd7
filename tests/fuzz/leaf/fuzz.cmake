# Everything of the ledger that reads bytes from outside. The first byte chooses the reader.
curfew_fuzz(leaf "${CMAKE_CURRENT_LIST_DIR}/leaf_fuzz.cpp" LIBRARIES curfew::ledger)
