# Windows records pushed to a whole daemon, as Winlogbeat, NXLog and collectors do; and histories by event time.
add_executable(integration_push "${CMAKE_CURRENT_LIST_DIR}/push_test.cpp" "${CMAKE_CURRENT_LIST_DIR}/event_time_test.cpp"
               "${CMAKE_CURRENT_LIST_DIR}/adfs_test.cpp"
               "${CMAKE_CURRENT_LIST_DIR}/pushed_daemon.cpp" "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_push PRIVATE curfew::app curfew_test_support curfew_files Poco::Net nlohmann_json::nlohmann_json
                      GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_push PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}"
                           CURFEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(integration_push curfew curfew-trial windows)
add_test(NAME integration_push COMMAND integration_push)
set_tests_properties(integration_push PROPERTIES LABELS integration TIMEOUT 1800)
