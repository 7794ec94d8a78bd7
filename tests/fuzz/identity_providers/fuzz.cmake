# Lists of sessions, pages of logs, handles, links and stored cursors of identity providers.
curfew_fuzz(identity_providers "${CMAKE_CURRENT_LIST_DIR}/providers_fuzz.cpp" LIBRARIES curfew_oauth_providers)
