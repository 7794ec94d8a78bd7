curfew_bench(ingest ${CMAKE_CURRENT_LIST_DIR}/ingest_bench.cpp LIBRARIES curfew::api)
