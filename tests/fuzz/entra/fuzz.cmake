# Pages of Entra's sign-in logs, links to next pages, times, handles and stored cursors.
curfew_fuzz(entra "${CMAKE_CURRENT_LIST_DIR}/entra_fuzz.cpp" LIBRARIES curfew_oauth_providers)
