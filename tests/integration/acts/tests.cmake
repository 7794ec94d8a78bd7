# What was done at a source, by the source's own file, against the ledger; the daemon is killed all the time.
add_executable(integration_acts "${CMAKE_CURRENT_LIST_DIR}/acts_test.cpp" "${CMAKE_CURRENT_LIST_DIR}/trail.cpp"
               "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_acts PRIVATE curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json
                      GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_acts PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}")
add_dependencies(integration_acts curfew curfew-trial replay)
add_test(NAME integration_acts COMMAND integration_acts)
set_tests_properties(integration_acts PROPERTIES LABELS integration TIMEOUT 1800)
