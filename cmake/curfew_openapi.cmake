# The API's description: written as YAML, served as JSON. Turned from one into the other here, so that the program
# needs neither a file nor a conversion at run time.
add_executable(openapi_source cmake/openapi_source.cpp)
target_link_libraries(openapi_source PRIVATE yaml-cpp nlohmann_json::nlohmann_json curfew_settings)
set(openapi_yaml "${CMAKE_CURRENT_SOURCE_DIR}/core/api/openapi.yaml")
set(openapi_cpp "${CMAKE_BINARY_DIR}/generated/openapi.cpp")
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/generated")
add_custom_command(OUTPUT "${openapi_cpp}" COMMAND openapi_source "${openapi_yaml}" "${openapi_cpp}"
                   DEPENDS openapi_source "${openapi_yaml}" VERBATIM)
target_sources(curfew_api PRIVATE "${openapi_cpp}")
