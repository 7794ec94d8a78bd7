curfew_tests(plugins oauth_logout curfew_oauth_providers PkgConfig::curfew_cjose Poco::Net nlohmann_json::nlohmann_json)
