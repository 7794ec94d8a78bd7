# The oauth connector in the real daemon, against a real Keycloak.
file(GLOB keycloak_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_keycloak ${keycloak_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_keycloak PRIVATE curfew::app curfew_test_support Poco::Net
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_keycloak PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_keycloak curfew curfew-trial replay oauth)
add_test(NAME integration_keycloak COMMAND integration_keycloak)
set_tests_properties(integration_keycloak PROPERTIES LABELS integration TIMEOUT 1500)
