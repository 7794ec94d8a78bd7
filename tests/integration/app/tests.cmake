# The program as a whole: started, asked over HTTP, stopped, killed.
file(GLOB app_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_app ${app_tests})
target_link_libraries(integration_app PRIVATE curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json
                      GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_app PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_app curfew curfew-trial replay windows forms oauth)
add_test(NAME integration_app COMMAND integration_app)
set_tests_properties(integration_app PROPERTIES LABELS integration TIMEOUT 900)
