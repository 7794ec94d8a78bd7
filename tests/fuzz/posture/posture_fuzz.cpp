// A text is no posture, or one that comes out the same when it is written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/report/posture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace curfew::report;
  const auto posture = posture_from_json({reinterpret_cast<const char*>(data), size});
  if (posture && posture_from_json(to_json(*posture)) != posture) std::abort();
  return 0;
}
