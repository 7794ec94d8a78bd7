curfew_tests(plugins windows_directory curfew_windows_directory curfew_test_support nlohmann_json::nlohmann_json)
if(TARGET plugins_windows_directory)
  # A name service that hangs.
  target_sources(plugins_windows_directory PRIVATE "${CMAKE_CURRENT_LIST_DIR}/../forms_stores/name_service.cpp")
endif()
