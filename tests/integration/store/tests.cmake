#curfew_tests globs relative to the directory that it is called in.
file(GLOB store_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/store/*.cpp")
    add_executable(integration_store ${store_tests})
        target_link_libraries(integration_store PRIVATE curfew::store curfew_test_support
                                  GTest::gmock GTest::gtest_main curfew_settings)
            add_test(NAME integration_store COMMAND integration_store)
                set_tests_properties(integration_store PROPERTIES LABELS integration TIMEOUT 600)
