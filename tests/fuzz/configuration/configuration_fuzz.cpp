// A configuration is taken or refused with its place; what is taken can be said in sentences, and its
// policies come back from the ledger's own text.
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/app/configuration.hpp"
#include "core/base/error.hpp"

namespace {

using namespace curfew;

void require(bool held) {
  if (!held) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const app::Settings settings = app::parse_configuration("fuzz.yaml", text);
    for (const model::Policy& policy : settings.policies) require(!app::sentence(policy).empty());
    const app::Capabilities nobody;
    require(!app::sentences(settings, nobody).empty());
    const std::string recorded = model::to_json(app::policy_set(settings, nobody));
    require(model::to_json(model::policy_set_from_json(recorded)) == recorded);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Configuration &&
            std::string_view(error.what()).starts_with("fuzz.yaml"));
  }
  return 0;
}
