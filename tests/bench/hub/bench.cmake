if(NOT CURFEW_SANITIZE MATCHES "thread")
  pkg_check_modules(curfew_rdkafka REQUIRED IMPORTED_TARGET rdkafka)
  curfew_bench(hub ${CMAKE_CURRENT_LIST_DIR}/hub_bench.cpp
               LIBRARIES curfew_oauth_providers curfew::app PkgConfig::curfew_rdkafka Poco::Net
                         nlohmann_json::nlohmann_json)
  add_dependencies(bench_hub curfew curfew-trial oauth)
endif()
