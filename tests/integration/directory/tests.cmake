# The windows connector's directory against a real Samba AD domain controller: alone, and in the real daemon.
file(GLOB directory_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_directory ${directory_sources} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_directory PRIVATE curfew_windows_directory curfew::app curfew_test_support Poco::Net
                      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_directory PRIVATE CURFEW_DOMAIN_ADDRESS="127.0.0.86" CURFEW_SECOND_ADDRESS="127.0.0.87"
                           CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_directory curfew curfew-trial replay windows)
add_test(NAME integration_directory COMMAND integration_directory)
set_tests_properties(integration_directory PROPERTIES LABELS integration TIMEOUT 900)
