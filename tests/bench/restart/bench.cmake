# What the tests' support makes, measured: with tests off it isn't there.
if(TARGET curfew_test_support)
  curfew_bench(restart ${CMAKE_CURRENT_LIST_DIR}/restart_bench.cpp LIBRARIES curfew_test_support)
else()
  curfew_bench(restart ${CMAKE_CURRENT_LIST_DIR}/restart_bench.cpp
               "${CMAKE_SOURCE_DIR}/tests/support/pushed_ledger.cpp" LIBRARIES curfew::app)
endif()
