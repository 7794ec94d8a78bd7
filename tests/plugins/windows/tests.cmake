curfew_tests(plugins windows curfew_windows_readers curfew::connector curfew::base nlohmann_json::nlohmann_json PkgConfig::curfew_archive)
if(TARGET plugins_windows)
  add_dependencies(plugins_windows windows)
endif()
