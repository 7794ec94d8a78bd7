# A stranger's project against an installed SDK, and the guide's snippets.
add_executable(describe_plugin "${CMAKE_CURRENT_LIST_DIR}/describe_plugin.cpp")
target_link_libraries(describe_plugin PRIVATE curfew::connector curfew_settings)
add_dependencies(describe_plugin curfew-trial)
add_test(NAME lint_installed_sdk
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/build_consumer.py --build ${CMAKE_BINARY_DIR}
          --describe $<TARGET_FILE:describe_plugin> --version ${PROJECT_VERSION} --generator ${CMAKE_GENERATOR}
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(lint_installed_sdk PROPERTIES LABELS lint TIMEOUT 600)
curfew_lint(plugin_guide)
