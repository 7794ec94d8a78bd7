# How many observations one core admits: the aim is 500,000 a second.
curfew_bench(admission "${CMAKE_CURRENT_LIST_DIR}/admission_bench.cpp" LIBRARIES curfew::connector)
