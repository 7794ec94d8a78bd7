curfew_fuzz(transmitter "${CMAKE_CURRENT_LIST_DIR}/transmitter_fuzz.cpp" LIBRARIES curfew::outlet)
