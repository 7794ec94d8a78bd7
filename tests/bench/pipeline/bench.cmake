if(TARGET curfew_test_support)
  curfew_bench(pipeline ${CMAKE_CURRENT_LIST_DIR}/pipeline_bench.cpp LIBRARIES curfew_test_support)
else()
  curfew_bench(pipeline ${CMAKE_CURRENT_LIST_DIR}/pipeline_bench.cpp
               "${CMAKE_SOURCE_DIR}/tests/support/pushed_ledger.cpp" LIBRARIES curfew::app)
endif()
