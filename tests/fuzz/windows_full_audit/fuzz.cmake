# Samba's log of shares (vfs_full_audit), alone and among the records of its audit log.
curfew_fuzz(windows_full_audit "${CMAKE_CURRENT_LIST_DIR}/full_audit_fuzz.cpp" LIBRARIES curfew_windows_readers)
