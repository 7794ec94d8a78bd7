curfew_tests(plugins forms curfew_forms_logs curfew::connector curfew::base nlohmann_json::nlohmann_json)
if(TARGET plugins_forms)
  add_dependencies(plugins_forms forms)
endif()
