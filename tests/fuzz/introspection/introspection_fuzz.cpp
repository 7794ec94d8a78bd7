// A provider's answer about a token. What is taken for active must say so, be a bearer token for us, and have
// texts and times within bounds.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "plugins/oauth/gate/introspection_answer.hpp"

namespace {

using namespace curfew::oauth;
using curfew::plugin::Failure;
using curfew::plugin::Time;
using curfew::plugin::TokenState;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const IntrospectionTerms terms{.issuer = "i", .audiences = {"a"}, .clients = {"c"}};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  Introspected said;
  try {
    said = read_introspection(body, terms);
  } catch (const Failure&) {
    return 0;
  }
  require(said.state != TokenState::Unknown);
  if (said.state != TokenState::Active) {
    require(said.session.empty() && said.id.empty() && said.subject.empty());
    require(said.issued_at == Time{} && said.expires_at == Time{});
    return 0;
  }
  for (const auto* text : {&said.session, &said.id, &said.subject})
    require(text->size() <= longest_introspected_id);
  require(body.size() <= longest_introspection);
  // A name that stands twice has two values: which of them counts is the parsers' own.
  bool repeated = false;
  std::set<std::string> names;
  const auto read = nlohmann::json::parse(
      body,
      [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
        if (event == nlohmann::json::parse_event_t::key && depth == 1)
          repeated = repeated || !names.insert(value.get<std::string>()).second;
        return true;
      },
      false);
  if (read.is_discarded() || repeated) return 0;
  require(read.at("active") == true && read.at("client_id") == "c" && !read.contains("cnf"));
  return 0;
}
