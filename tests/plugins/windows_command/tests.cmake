# A small program that says what it was given; the tests run it as the connector runs an administrator's.
add_executable(curfew_told_program "${CMAKE_CURRENT_LIST_DIR}/program/told.cpp")
target_link_libraries(curfew_told_program PRIVATE curfew_settings)
curfew_tests(plugins windows_command curfew_windows_command curfew_test_support nlohmann_json::nlohmann_json)
if(TARGET plugins_windows_command)
  target_compile_definitions(plugins_windows_command PRIVATE TOLD_PROGRAM="$<TARGET_FILE:curfew_told_program>")
  add_dependencies(plugins_windows_command curfew_told_program)
endif()
