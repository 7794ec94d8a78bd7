# The oauth connector in the real daemon, against OpenID providers: signing keys of our own, and a real one.
file(GLOB openid_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_openid ${openid_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_openid PRIVATE curfew::app curfew_test_support curfew_oauth_providers PkgConfig::curfew_cjose Poco::Net
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_openid PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_openid curfew curfew-trial replay oauth)
add_test(NAME integration_openid COMMAND integration_openid)
set_tests_properties(integration_openid PROPERTIES LABELS integration TIMEOUT 1200)
