# Access logs in every format that the forms connector reads, formats as settings give them, and settings.
curfew_fuzz(forms_logs "${CMAKE_CURRENT_LIST_DIR}/logs_fuzz.cpp" LIBRARIES curfew_forms_logs)
