// The bridge must take any struct that a plugin can fill in: sizes, counts, numbers and texts are the
// fuzzer's, only pointers point to memory that is really there. What it lets through must hold the contract,
// and what is admitted must come back from its own leaf text.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "core/connector/admission.hpp"
#include "core/connector/bridge.hpp"
#include "core/model/facts.hpp"

namespace {

using namespace curfew;

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  template <typename T>
  T number() {
    T value{};
    const std::size_t size = std::min(sizeof(T), static_cast<std::size_t>(end_ - at_));
    std::memcpy(&value, at_, size);
    at_ += size;
    return value;
  }
  // Text of the input; now and then a size that is a lie, which the bridge must refuse without reading.
  curfew_bytes text() {
    const auto kind = number<std::uint8_t>();
    if (kind == 0xFF) return {nullptr, number<std::uint64_t>() | 1U};
    if (kind == 0xFE) return {reinterpret_cast<const char*>(at_), (std::uint64_t{1} << 32U) + kind};
    if (kind < 8) return {nullptr, 0};
    const std::size_t size = std::min<std::size_t>(kind, static_cast<std::size_t>(end_ - at_));
    const curfew_bytes bytes{reinterpret_cast<const char*>(at_), size};
    at_ += size;
    return bytes;
  }
  curfew_session_digest digest() {
    curfew_session_digest digest{};
    for (auto& byte : digest.bytes) byte = number<std::uint8_t>();
    return digest;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

void require(bool condition) {
  if (!condition) std::abort();
}

void require_clean(std::string_view text, std::size_t longest) {
  // A cleaned byte becomes three.
  require(text.size() <= 3 * longest && base::is_clean_utf8(text));
}

void observe(Bytes& in) {
  std::array<curfew_identifier, CURFEW_MAX_IDENTIFIERS> names{};
  for (auto& name : names) name = {in.text(), in.text()};
  curfew_observation raw{};
  raw.struct_size = in.number<std::uint8_t>() < 240 ? std::uint32_t{sizeof(raw)} : in.number<std::uint32_t>();
  raw.type = in.number<std::uint8_t>();
  raw.occurred_at = in.number<std::int64_t>();
  raw.key = in.text();
  raw.session = in.digest();
  raw.linked_session = in.digest();
  raw.handle = in.text();
  raw.identifiers = in.number<std::uint8_t>() < 240 ? names.data() : nullptr;
  raw.identifier_count = in.number<std::uint8_t>();
  raw.account_type = in.number<std::uint8_t>();
  raw.auth_method = in.number<std::uint8_t>();
  raw.interactivity = in.number<std::uint8_t>();
  raw.end_reason = in.number<std::uint8_t>();
  raw.factors = in.number<std::uint8_t>();
  raw.flags = in.number<std::uint8_t>();
  raw.count = in.number<std::uint32_t>();
  raw.expires_at = in.number<std::int64_t>();
  raw.device = in.text();
  raw.address = in.text();
  raw.user_agent = in.text();
  raw.application = in.text();
  raw.failure = in.text();

  std::string why;
  const auto observation = connector::bridge::read(&raw, why);
  require(observation.has_value() == why.empty());
  if (!observation) return;
  require(observation->occurred_at >= base::earliest_time && observation->occurred_at <= base::latest_time);
  require(!observation->key.empty() && observation->identifiers.size() <= model::max_identifiers);
  for (const std::string* text :
       {&observation->key, &observation->handle, &observation->device, &observation->address,
        &observation->user_agent, &observation->application, &observation->failure}) {
    require_clean(*text, CURFEW_MAX_FIELD_BYTES);
  }

  // A table of its own each time, or the words of earlier inputs would fill it.
  model::Symbols symbols;
  connector::Admission admission({}, symbols);
  admission.add_source("fuzz", Duration::max());
  const auto result = admission.admit("fuzz", *observation, observation->occurred_at);
  if (const auto* admitted = std::get_if<connector::Admitted>(&result)) {
    const std::string text = model::to_json(admitted->facts, symbols);
    require(text.size() < model::max_leaf_bytes);
    model::Facts same = model::facts_from_json(text, symbols);
    same.source = admitted->facts.source;
    same.session = admitted->facts.session;
    same.occurred_at = admitted->facts.occurred_at;
    require(same == admitted->facts);
  }
}

void progress(Bytes& in) {
  curfew_progress raw{};
  raw.struct_size = sizeof(raw);
  raw.flags = in.number<std::uint8_t>();
  raw.name = in.text();
  raw.value = in.text();
  raw.read = in.number<std::uint64_t>();
  raw.filtered = in.number<std::uint64_t>();
  raw.unreadable = in.number<std::uint64_t>();
  raw.observed_until = in.number<std::int64_t>();
  std::string why;
  const auto progress = connector::bridge::read(&raw, base::latest_time, why);
  require(progress.has_value() == why.empty());
  if (progress) require(progress->filtered <= progress->read && progress->unreadable <= progress->read);
}

void token_answer(Bytes& in) {
  curfew_token_answer raw{};
  raw.struct_size = in.number<std::uint8_t>() % 4U == 0 ? in.number<std::uint32_t>() : sizeof(raw);
  raw.state = in.number<std::uint8_t>() % 6U;
  raw.session = in.digest();
  raw.id = in.digest();
  raw.subject = {in.text(), in.text()};
  raw.issued_at = in.number<std::int64_t>();
  raw.expires_at = in.number<std::int64_t>();
  std::string why;
  const auto token =
      connector::bridge::read_token_answer({reinterpret_cast<const char*>(&raw), sizeof(raw)}, why);
  require(token.has_value() == why.empty());
  if (!token) return;
  if (token->state != model::TokenState::Active) {
    require(!token->session && !token->id && token->person.value.empty() && token->issued_at == Time{});
    return;
  }
  require(token->person.value.empty() || !token->person.name_space.empty());
  require(base::is_clean_utf8(token->person.value) && token->person.value.size() <= CURFEW_MAX_FIELD_BYTES);
}

void answer(Bytes& in) {
  std::array<curfew_header, 3> headers{};
  for (auto& header : headers) header = {in.text(), in.text()};
  curfew_http_answer raw{};
  raw.struct_size = in.number<std::uint8_t>() < 240 ? std::uint32_t{sizeof(raw)} : in.number<std::uint32_t>();
  raw.status = in.number<std::uint16_t>();
  raw.content_type = in.text();
  raw.body = in.text();
  raw.headers = headers.data();
  raw.header_count = in.number<std::uint8_t>() % 4;
  std::string why;
  const auto answer = connector::bridge::read_answer({reinterpret_cast<const char*>(&raw), sizeof(raw)}, why);
  require(answer.has_value() == why.empty());
  if (!answer) return;
  require(answer->status >= 200 && answer->status <= 599);
  for (const auto& [name, value] : answer->headers) {
    require((name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
}

void describe(Bytes& in) {
  curfew_connector raw{};
  raw.struct_size = in.number<std::uint8_t>() < 240 ? std::uint32_t{sizeof(raw)} : in.number<std::uint32_t>();
  raw.abi_version = in.number<std::uint8_t>() < 240 ? CURFEW_ABI_VERSION : in.number<std::uint32_t>();
  raw.observation_schema = in.number<std::uint8_t>();
  raw.config_schema_version = in.number<std::uint8_t>();
  raw.capabilities = in.number<std::uint64_t>();
  raw.name = in.text();
  raw.version = in.text();
  raw.description = in.text();
  raw.config_schema = in.text();
  // No function is there, so something is always missing.
  require(!connector::bridge::faults_of(&raw).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in(data, size);
  switch (in.number<std::uint8_t>() % 6) {
    case 0:
    case 1:
      observe(in);
      break;
    case 2:
      progress(in);
      break;
    case 3:
      answer(in);
      break;
    case 4:
      describe(in);
      break;
    default: {
      std::string why;
      const auto key = in.text();
      const auto memory = connector::bridge::read_memory(key, in.text(), in.number<std::int64_t>(), why);
      require(memory.has_value() == why.empty());
      static_cast<void>(connector::bridge::read_coverage(in.text(), why));
      const auto rules = connector::bridge::read_gate_rules(in.text(), why);
      require(rules.has_value() == why.empty());
      const auto keys = connector::bridge::read_gate_keys(in.text(), why);
      require(keys.has_value() == why.empty());
      token_answer(in);
      break;
    }
  }
  return 0;
}
