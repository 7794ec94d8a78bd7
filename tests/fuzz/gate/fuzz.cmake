# What reaches a gate: the connector's rules, and the headers of a request.
curfew_fuzz(gate "${CMAKE_CURRENT_LIST_DIR}/gate_fuzz.cpp" LIBRARIES curfew::enforcement)
