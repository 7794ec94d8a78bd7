# Logs of identity providers, in all that they are written in.
curfew_fuzz(oauth_logs "${CMAKE_CURRENT_LIST_DIR}/logs_fuzz.cpp" LIBRARIES curfew_oauth_providers)
