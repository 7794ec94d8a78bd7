include("${CMAKE_CURRENT_LIST_DIR}/CurfewSDKTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/CurfewConnector.cmake")
