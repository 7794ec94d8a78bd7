curfew_bench(push ${CMAKE_CURRENT_LIST_DIR}/push_bench.cpp LIBRARIES curfew::app Poco::Net nlohmann_json::nlohmann_json)
add_dependencies(bench_push curfew curfew-trial windows)
