curfew_tests(plugins web curfew_web curfew_test_support Poco::Net nlohmann_json::nlohmann_json)
