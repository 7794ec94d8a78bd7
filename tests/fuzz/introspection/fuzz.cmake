# What providers answer when they are asked about a token.
curfew_fuzz(introspection "${CMAKE_CURRENT_LIST_DIR}/introspection_fuzz.cpp" LIBRARIES curfew_oauth_providers)
