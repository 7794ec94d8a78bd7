# What the tests' support makes, measured: with tests off it isn't there.
if(TARGET curfew_test_support)
  curfew_bench(report ${CMAKE_CURRENT_LIST_DIR}/report_bench.cpp LIBRARIES curfew_test_support)
else()
  curfew_bench(report ${CMAKE_CURRENT_LIST_DIR}/report_bench.cpp
               "${CMAKE_SOURCE_DIR}/tests/support/pushed_ledger.cpp" LIBRARIES curfew::app)
endif()
target_compile_definitions(bench_report PRIVATE CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
