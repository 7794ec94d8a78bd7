#include "core/ledger/stream.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

constexpr std::string_view origin_prefix = "curfew/";
constexpr std::size_t longest_name = 64;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

void check_stream_id(const StreamId& id) {
  const auto refuse = [](std::string_view what, const std::string& value) {
    throw Error(ErrorKind::Configuration, "ledger: the " + std::string(what) + " '" + value +
                                              "' can't name a stream: use 1 to 64 of A-Z a-z 0-9 . _ -");
  };
  if (!is_name(id.realm)) refuse("realm", id.realm);
  if (!is_name(id.node)) refuse("node", id.node);
  if (id.epoch == 0) throw Error(ErrorKind::Configuration, "ledger: a stream's epoch is 1 or more, not 0");
}

std::string origin_of(const StreamId& id) {
  check_stream_id(id);
  return std::string(origin_prefix) + id.realm + '/' + id.node + '/' + std::to_string(id.epoch);
}

std::optional<StreamId> parse_origin(std::string_view origin) {
  if (!origin.starts_with(origin_prefix)) return std::nullopt;
  origin.remove_prefix(origin_prefix.size());
  const auto first = origin.find('/');
  const auto last = origin.rfind('/');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  StreamId id;
  id.realm = origin.substr(0, first);
  id.node = origin.substr(first + 1, last - first - 1);
  const std::string_view epoch = origin.substr(last + 1);
  const auto [end, error] = std::from_chars(epoch.data(), epoch.data() + epoch.size(), id.epoch);
  if (error != std::errc{} || end != epoch.data() + epoch.size() || id.epoch == 0 || epoch.front() == '0')
    return std::nullopt;
  if (!is_name(id.realm) || !is_name(id.node)) return std::nullopt;
  return id;
}

}  // namespace curfew::ledger
