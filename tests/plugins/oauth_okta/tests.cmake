curfew_tests(plugins oauth_okta curfew_oauth_providers curfew::app curfew_test_support Poco::Net OpenSSL::Crypto simdjson::simdjson
  nlohmann_json::nlohmann_json)
if(TARGET plugins_oauth_okta)
  add_dependencies(plugins_oauth_okta oauth)
endif()
