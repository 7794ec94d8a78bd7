curfew_tests(plugins forms_stores curfew_forms_stores curfew_forms_app curfew_test_support Poco::Net
             nlohmann_json::nlohmann_json)
if(TARGET plugins_forms_stores)
  add_dependencies(plugins_forms_stores forms)
endif()
