# What people order, through the daemon, its API and its command line.
file(GLOB orders_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
add_executable(integration_orders ${orders_tests} "${CMAKE_CURRENT_LIST_DIR}/../app/program.cpp")
target_link_libraries(integration_orders PRIVATE curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json
                      GTest::gmock GTest::gtest_main curfew_settings)
target_compile_definitions(integration_orders PRIVATE CURFEW_BINARY_DIR="${CMAKE_BINARY_DIR}")
add_dependencies(integration_orders curfew curfew-trial replay)
add_test(NAME integration_orders COMMAND integration_orders)
set_tests_properties(integration_orders PROPERTIES LABELS integration TIMEOUT 900)
