file(GLOB tamper_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/tamper/*.cpp")
add_executable(integration_tamper ${tamper_tests})
target_link_libraries(integration_tamper PRIVATE curfew::store curfew::report curfew_test_support GTest::gmock GTest::gtest_main
                                                 curfew_settings)
add_test(NAME integration_tamper COMMAND integration_tamper)
set_tests_properties(integration_tamper PROPERTIES LABELS integration TIMEOUT 600)
