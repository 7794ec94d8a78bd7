# A real browser over HTTPS before nginx with the gate, Apache with its session database, and the daemon. Programs that
# a sanitizer was built into don't run with a clock that is moved; the real ones are what is shown here.
if(CURFEW_SANITIZE)
  return()
endif()
file(GLOB browser_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_browser ${browser_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp"
               "${CMAKE_CURRENT_LIST_DIR}/../forms/forms_daemon.cpp")
target_link_libraries(integration_browser PRIVATE curfew::app curfew_test_support Poco::Net Poco::NetSSL
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_browser PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_browser curfew curfew-trial replay forms)
add_test(NAME integration_browser COMMAND integration_browser)
set_tests_properties(integration_browser PROPERTIES LABELS integration TIMEOUT 1800)
