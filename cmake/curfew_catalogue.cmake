# The control catalogue: one JSON file for each framework, in the order in which reports show them, put into the
# program as text. core/report/control_catalogue.cpp reads it; a unit test holds what the files say.
set(frameworks nist-800-53 nist-800-63b-3 nist-800-63b-4 pci-dss iso-27001 soc-2 hipaa fedramp cjis cis asvs)
set(catalogue_entries "")
foreach(framework IN LISTS frameworks)
  set(catalogue_file "${CMAKE_CURRENT_SOURCE_DIR}/core/report/catalogue/${framework}.json")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${catalogue_file}")
  file(READ "${catalogue_file}" catalogue_text)
  string(APPEND catalogue_entries "    R\"catalogue(${catalogue_text})catalogue\",\n")
endforeach()
list(LENGTH frameworks framework_count)
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/generated/catalogue_files.cpp" @ONLY CONTENT
"// Made by the build from core/report/catalogue.
#include \"core/report/control_catalogue.hpp\"

#include <array>

namespace curfew::report {

std::span<const std::string_view> catalogue_files() noexcept {
  static constexpr std::array<std::string_view, @framework_count@> files{
@catalogue_entries@  };
  return files;
}

}  // namespace curfew::report
")
target_sources(curfew_report PRIVATE "${CMAKE_BINARY_DIR}/generated/catalogue_files.cpp")
