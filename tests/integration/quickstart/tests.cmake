# What scripts/run goes on with: its own script, its own configuration, and a browser.
add_executable(integration_quickstart "${CMAKE_CURRENT_LIST_DIR}/quickstart_live_test.cpp")
target_link_libraries(integration_quickstart PRIVATE curfew_test_support curfew_forms_app curfew::store Poco::Net
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_quickstart PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_quickstart curfew curfew-trial curfew-forms-app replay forms)
add_test(NAME integration_quickstart COMMAND integration_quickstart)
set_tests_properties(integration_quickstart PROPERTIES LABELS integration TIMEOUT 600)
