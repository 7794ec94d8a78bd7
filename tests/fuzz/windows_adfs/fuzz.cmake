# Audits of AD FS: the XML within them, their values without names, and what becomes of them.
curfew_fuzz(windows_adfs "${CMAKE_CURRENT_LIST_DIR}/adfs_fuzz.cpp" LIBRARIES curfew_windows_readers)
