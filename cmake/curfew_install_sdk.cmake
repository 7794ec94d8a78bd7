# The SDK: headers, the CMake function, and the exported target curfew::sdk.
include(CMakePackageConfigHelpers)
set(curfew_sdk_dir "${CMAKE_INSTALL_LIBDIR}/cmake/CurfewSDK")
set_target_properties(curfew_sdk PROPERTIES EXPORT_NAME sdk)
install(DIRECTORY include/curfew DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(TARGETS curfew_sdk EXPORT CurfewSDKTargets COMPONENT sdk)
install(EXPORT CurfewSDKTargets NAMESPACE curfew:: DESTINATION ${curfew_sdk_dir} COMPONENT sdk)
install(FILES cmake/CurfewConnector.cmake cmake/connector.map cmake/CurfewSDKConfig.cmake
        DESTINATION ${curfew_sdk_dir} COMPONENT sdk)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/CurfewSDKConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_BINARY_DIR}/CurfewSDKConfigVersion.cmake" DESTINATION ${curfew_sdk_dir} COMPONENT sdk)
