curfew_bench(export ${CMAKE_CURRENT_LIST_DIR}/export_bench.cpp LIBRARIES curfew::outlet)
