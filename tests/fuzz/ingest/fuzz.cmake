curfew_fuzz(ingest ${CMAKE_CURRENT_LIST_DIR}/ingest_fuzz.cpp LIBRARIES curfew::api)
