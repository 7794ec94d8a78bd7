# The configuration's YAML, policies and all.
curfew_fuzz(configuration "${CMAKE_CURRENT_LIST_DIR}/configuration_fuzz.cpp" LIBRARIES curfew::app)
