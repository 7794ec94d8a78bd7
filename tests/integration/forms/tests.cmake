# The forms connector in the real daemon, against real applications.
file(GLOB forms_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_forms ${forms_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_forms PRIVATE curfew::app curfew_test_support curfew_forms_app Poco::Net
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_forms PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_forms curfew curfew-trial replay forms)
add_test(NAME integration_forms COMMAND integration_forms)
set_tests_properties(integration_forms PROPERTIES LABELS integration TIMEOUT 900)
