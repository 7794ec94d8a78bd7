# The transmitter of Shared Signals in the real daemon: pushed to and polled by the test, down and killed in between;
# and by another daemon's receiver.
file(GLOB signals_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_signals ${signals_tests} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_signals PRIVATE curfew::app curfew_test_support curfew_oauth_providers Poco::Net
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_signals PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}")
add_dependencies(integration_signals curfew curfew-trial replay oauth)
add_test(NAME integration_signals COMMAND integration_signals)
set_tests_properties(integration_signals PROPERTIES LABELS integration TIMEOUT 900)
