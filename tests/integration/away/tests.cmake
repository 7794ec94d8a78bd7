# The database goes away under a running daemon, at chosen moments.
file(GLOB away_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_away ${away_tests} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_away PRIVATE curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json
                      GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_away PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}")
add_dependencies(integration_away curfew curfew-trial replay)
add_test(NAME integration_away COMMAND integration_away)
set_tests_properties(integration_away PROPERTIES LABELS integration TIMEOUT 900)
