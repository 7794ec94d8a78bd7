#include "plugins/forms/logs/mark.hpp"

#include <algorithm>
#include <iterator>

#include "plugins/files/record_sorter.hpp"

namespace curfew::forms {
namespace {

void put(std::string& out, const plugin::SessionDigest& digest) {
  for (const std::uint8_t byte : digest.bytes) out += static_cast<char>(byte);
}

plugin::SessionDigest take_digest(files::RecordBytes& bytes) {
  plugin::SessionDigest digest{};
  for (std::uint8_t& byte : digest.bytes) byte = bytes.number<std::uint8_t>();
  return digest;
}

}  // namespace

std::string encode(const Mark& mark) {
  std::string out;
  out.reserve(128);
  files::put_signed(out, mark.time.time_since_epoch().count());
  files::put_number(out, mark.line);
  put(out, mark.key);
  files::put_number(out, static_cast<std::uint8_t>(mark.means));
  put(out, mark.session);
  files::put_number(out, static_cast<std::uint8_t>(mark.auth_method));
  files::put_number(out, static_cast<std::uint8_t>(mark.ends_session ? 1 : 0));
  files::put_signed(out, mark.expires_at.time_since_epoch().count());
  files::put_text(out, mark.user);
  files::put_text(out, mark.address);
  files::put_text(out, mark.user_agent);
  files::put_text(out, mark.failure);
  return out;
}

Mark decode(std::string_view bytes) {
  files::RecordBytes rest(bytes);
  Mark mark;
  mark.time = Time{Duration{rest.signed_number()}};
  mark.line = rest.number<std::uint64_t>();
  mark.key = take_digest(rest);
  mark.means = static_cast<Meaning>(rest.number<std::uint8_t>());
  mark.session = take_digest(rest);
  mark.auth_method = static_cast<plugin::AuthMethod>(rest.number<std::uint8_t>());
  mark.ends_session = rest.number<std::uint8_t>() != 0;
  mark.expires_at = Time{Duration{rest.signed_number()}};
  mark.user = rest.text();
  mark.address = rest.text();
  mark.user_agent = rest.text();
  mark.failure = rest.text();
  return mark;
}

}  // namespace curfew::forms
