# What a plugin may hand over: the bridge from the ABI.
curfew_fuzz(abi "${CMAKE_CURRENT_LIST_DIR}/abi_fuzz.cpp" LIBRARIES curfew::connector)
