curfew_fuzz(export_formats "${CMAKE_CURRENT_LIST_DIR}/export_formats_fuzz.cpp" LIBRARIES curfew::outlet)
