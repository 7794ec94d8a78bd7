// The small parsers. The first byte chooses one; each either refuses its text or gives back what can be
// written and read again.
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/api/parameters.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/time.hpp"
#include "core/connector/identity.hpp"
#include "core/model/entry.hpp"
#include "core/model/facts.hpp"
#include "core/model/policy.hpp"
#include "core/store/cluster_files.hpp"

namespace {

using namespace curfew;

void require(bool held) {
  if (!held) std::abort();
}

void time(std::string_view text) {
  const auto parsed = base::parse_rfc3339(text);
  if (parsed) require(base::parse_rfc3339(base::format_rfc3339(*parsed)) == parsed);
}

void duration(std::string_view text) {
  const auto parsed = base::parse_duration(text);
  if (parsed) require(base::parse_duration(base::format_duration(*parsed)) == parsed);
}

void encodings(std::string_view text) {
  if (const auto bytes = base::from_hex(text)) require(bytes->size() * 2 == text.size());
  if (const auto bytes = base::from_base64(text))
    require(base::from_base64(base::to_base64(*bytes)) == bytes);
  if (const auto ref = model::parse_ref(text)) require(model::parse_ref(model::to_text(*ref)) == ref);
  if (const auto session = model::parse_session_digest(text)) {
    require(model::parse_session_digest(model::to_text(*session)) == session);
  }
  const std::string clean = base::to_clean_utf8(text);
  require(base::is_clean_utf8(clean) && (clean == text) == base::is_clean_utf8(text));
}

// A name, a blank line, an address: what the identity rules make of them is canonical, so made once more it
// is the same.
void identity(std::string_view text) {
  static const connector::Identity rules(
      {.domains = {{"CORP", "corp.test"}}, .aliases = {{"upn:old@corp.test", "upn:new@corp.test"}}},
      {"203.0.113.0/24"});
  for (const char* name_space : {"upn", "windows_account", "windows_sid", "other"}) {
    const model::NamedValue once = rules.canonical(name_space, text);
    const model::NamedValue twice = rules.canonical(once.name_space, once.value);
    require(once.name_space == twice.name_space && once.value == twice.value);
  }
  const auto address = rules.address(text);
  require(rules.address(address.text).text == address.text);
  try {
    const connector::Identity with({}, {std::string(text)});
    require(!text.empty());
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Configuration);
  }
}

void recorded(std::string_view text) {
  const auto corrupt = [&](const auto& read) {
    try {
      read();
    } catch (const Error& error) {
      require(error.kind() == ErrorKind::Corrupt);
    }
  };
  corrupt([&] {
    model::Symbols symbols;
    const model::Facts facts = model::facts_from_json(text, symbols);
    require(model::facts_from_json(model::to_json(facts, symbols), symbols) == facts);
  });
  corrupt([&] {
    const std::string written = model::to_json(model::policy_set_from_json(text));
    require(model::to_json(model::policy_set_from_json(written)) == written);
  });
  corrupt([&] {
    const std::string written = model::to_json(model::ladder_from_json(text));
    require(model::to_json(model::ladder_from_json(written)) == written);
  });
  corrupt([&] {
    const std::string written = model::to_json(model::personal_values_from_json(text));
    require(model::to_json(model::personal_values_from_json(written)) == written);
  });
}

void parameters(std::string_view text) {
  try {
    api::Request request;
    request.parameters = api::parse_query(text);
    for (const auto& [name, value] : request.parameters) require(base::is_clean_utf8(name + value));
    request.captures = request.parameters;
    require(api::number_parameter(request, "after", 0, 1000) <= 1000);
    require(api::page_limit(request) <= api::max_page);
    static_cast<void>(api::flag_parameter(request, "live", false));
    static_cast<void>(api::time_parameter(request, "from"));
    static_cast<void>(api::ref_parameter(request, "subject"));
    static_cast<void>(api::text_parameter(request, "source"));
    static_cast<void>(api::name_parameter<model::ObservationType>(request, "type"));
    static_cast<void>(api::number_in_path(request, "number"));
    api::refuse_unknown_parameters(request, {"after", "limit", "live", "from", "subject", "source"});
  } catch (const api::Problem& problem) {
    require(problem.status == 400 || problem.status == 404);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 't':
      time(text);
      break;
    case 'd':
      duration(text);
      break;
    case 'e':
      encodings(text);
      break;
    case 'i':
      identity(text);
      break;
    case 'r':
      recorded(text);
      break;
    case 'q':
      parameters(text);
      break;
    case 'p':
      static_cast<void>(store::parse_postmaster_lock(text));
      break;
    default:
      break;
  }
  return 0;
}
