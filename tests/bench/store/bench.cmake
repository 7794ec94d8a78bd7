curfew_bench(store ${CMAKE_CURRENT_LIST_DIR}/ingest_bench.cpp LIBRARIES curfew::store)
