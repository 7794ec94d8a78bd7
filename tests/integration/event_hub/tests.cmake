# Sign-ins out of an Event Hub in the real daemon: by librdkafka's mock cluster, and by a real Kafka broker that
# asks for what an Event Hubs namespace asks for. librdkafka can't run under the thread sanitizer.
if(NOT CURFEW_SANITIZE MATCHES "thread")
  pkg_check_modules(curfew_rdkafka REQUIRED IMPORTED_TARGET rdkafka)
  file(GLOB event_hub_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
  add_executable(integration_event_hub ${event_hub_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
  target_link_libraries(integration_event_hub PRIVATE curfew_oauth_providers curfew::app curfew_test_support
                        PkgConfig::curfew_rdkafka Poco::Net nlohmann_json::nlohmann_json GTest::gmock
                        GTest::gtest_main curfew_settings)
  target_compile_definitions(integration_event_hub PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                             CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_dependencies(integration_event_hub curfew curfew-trial replay oauth)
  add_test(NAME integration_event_hub COMMAND integration_event_hub)
  set_tests_properties(integration_event_hub PROPERTIES LABELS integration TIMEOUT 1500)
endif()
