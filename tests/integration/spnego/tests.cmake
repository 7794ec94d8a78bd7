# The windows and forms connectors in the real daemon: a real Samba AD domain, and a web site that takes its tickets.
file(GLOB spnego_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_spnego ${spnego_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp"
                                  "${CMAKE_CURRENT_LIST_DIR}/../browser/browser.cpp"
                                  "${CMAKE_CURRENT_LIST_DIR}/../directory/real_directory.cpp"
                                  "${CMAKE_CURRENT_LIST_DIR}/../samba/smb_door.cpp")
target_link_libraries(integration_spnego PRIVATE curfew_windows_directory curfew::app curfew_test_support Poco::Net
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_spnego PRIVATE CURFEW_DOMAIN_ADDRESS="127.0.0.90" CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_spnego curfew curfew-trial replay windows forms)
add_test(NAME integration_spnego COMMAND integration_spnego)
set_tests_properties(integration_spnego PROPERTIES LABELS integration TIMEOUT 900)
