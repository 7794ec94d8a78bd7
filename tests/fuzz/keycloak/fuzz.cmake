# Pages of Keycloak's user and admin events, the sweep over them, and stored cursors.
curfew_fuzz(keycloak "${CMAKE_CURRENT_LIST_DIR}/keycloak_fuzz.cpp" LIBRARIES curfew_oauth_providers)
