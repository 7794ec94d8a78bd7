# The windows connector in the real daemon, against a real Samba AD domain controller.
file(GLOB samba_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_samba ${samba_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_samba PRIVATE curfew::app curfew_test_support curfew_windows_readers Poco::Net nlohmann_json::nlohmann_json
                      GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_samba PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_samba curfew curfew-trial replay windows)
add_test(NAME integration_samba COMMAND integration_samba)
set_tests_properties(integration_samba PROPERTIES LABELS integration TIMEOUT 900)
