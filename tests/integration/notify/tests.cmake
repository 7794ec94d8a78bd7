# Notifications against a real HTTP server and a real mail server, with faults, and through the daemon.
file(GLOB notify_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_notify ${notify_tests} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_notify PRIVATE curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json
                      GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_notify PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_notify curfew curfew-trial replay)
add_test(NAME integration_notify COMMAND integration_notify)
set_tests_properties(integration_notify PROPERTIES LABELS integration TIMEOUT 900)
