curfew_tests(plugins shared_signals curfew_oauth_providers PkgConfig::curfew_cjose Poco::Net nlohmann_json::nlohmann_json)
