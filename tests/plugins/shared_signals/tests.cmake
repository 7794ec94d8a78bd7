curfew_tests(plugins shared_signals curfew_oauth_providers curfew::app curfew_test_support PkgConfig::curfew_cjose Poco::Net nlohmann_json::nlohmann_json)
