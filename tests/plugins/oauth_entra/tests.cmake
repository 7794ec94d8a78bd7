curfew_tests(plugins oauth_entra curfew_oauth_providers curfew::app curfew_test_support Poco::Net OpenSSL::Crypto nlohmann_json::nlohmann_json)
if(TARGET plugins_oauth_entra)
  add_dependencies(plugins_oauth_entra oauth)
endif()
