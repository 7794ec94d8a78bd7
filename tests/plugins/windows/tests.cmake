curfew_tests(plugins windows curfew_windows_readers curfew::base nlohmann_json::nlohmann_json)
