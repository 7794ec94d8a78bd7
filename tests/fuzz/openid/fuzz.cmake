# Lists of operators' APIs, calls as settings write them with values of strangers, and handles.
curfew_fuzz(openid "${CMAKE_CURRENT_LIST_DIR}/openid_fuzz.cpp" LIBRARIES curfew_oauth_providers)
