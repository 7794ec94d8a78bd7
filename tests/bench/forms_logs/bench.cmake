curfew_bench(forms_logs "${CMAKE_CURRENT_LIST_DIR}/lines_bench.cpp" LIBRARIES curfew_forms_logs)
