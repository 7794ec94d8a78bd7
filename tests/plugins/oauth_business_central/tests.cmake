curfew_tests(plugins oauth_business_central curfew_oauth_providers curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json)
if(TARGET plugins_oauth_business_central)
  add_dependencies(plugins_oauth_business_central oauth)
endif()
