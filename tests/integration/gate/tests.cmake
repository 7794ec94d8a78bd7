# The gate's server, the proxies of docs/proxies before it, as Debian has them, and the daemon behind it.
file(GLOB gate_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_gate ${gate_tests} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_gate PRIVATE curfew::app curfew_test_support PkgConfig::curfew_cjose Poco::Net Poco::NetSSL
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_gate PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_gate curfew curfew-trial replay oauth)
add_test(NAME integration_gate COMMAND integration_gate)
set_tests_properties(integration_gate PROPERTIES LABELS integration TIMEOUT 900)
