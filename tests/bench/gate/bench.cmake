# The gate's view by itself; and served, for tests/bench/gate/against_nginx.
curfew_bench(gate ${CMAKE_CURRENT_LIST_DIR}/gate_bench.cpp LIBRARIES curfew::api)
