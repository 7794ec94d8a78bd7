# Followers of the ledger over a real PostgreSQL, and exports to real receivers.
file(GLOB outlet_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_outlet ${outlet_tests})
target_link_libraries(integration_outlet PRIVATE curfew::outlet curfew_test_support GTest::gmock GTest::gtest_main
                      curfew_settings)
add_test(NAME integration_outlet COMMAND integration_outlet)
set_tests_properties(integration_outlet PROPERTIES LABELS integration TIMEOUT 600)
target_compile_definitions(integration_outlet PRIVATE CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
