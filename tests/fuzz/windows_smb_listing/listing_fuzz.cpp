// Any bytes as the answer of smbstatus: taken whole or not at all. What was taken can be placed, reads the
// same when it is written again, and binds and ends the sessions that were signed in at its endpoints: each
// once, and every one when a server says twice that it has none any more.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/windows/pairing.hpp"
#include "plugins/windows/smb/listing.hpp"

namespace {

using namespace curfew::windows;

void require(bool held) {
  if (!held) std::abort();
}

constexpr Time start{std::chrono::hours(24 * 365 * 60)};
constexpr std::size_t most_sign_ins = 8;

Time at(int seconds) { return start + std::chrono::seconds(seconds); }

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\') {
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string written(const SmbListing& listing) {
  std::string out = R"({"sessions": {)";
  for (std::size_t i = 0; i < listing.sessions.size(); ++i) {
    const ListedSmb& one = listing.sessions[i];
    out += (i == 0 ? "\"" : ", \"") + std::to_string(i) + R"(": {"server_id": {"pid": ")" +
           std::to_string(one.process.pid) + R"(", "unique_id": )" + std::to_string(one.process.unique_id) +
           R"(}, "uid": )" + std::to_string(one.uid) + R"(, "hostname": )" + quoted(one.endpoint) + "}";
  }
  return out + "}}";
}

bool is_same(const SmbListing& a, const SmbListing& b) {
  return std::equal(a.sessions.begin(), a.sessions.end(), b.sessions.begin(), b.sessions.end(),
                    [](const ListedSmb& x, const ListedSmb& y) {
                      return x.process.pid == y.process.pid && x.process.unique_id == y.process.unique_id &&
                             x.uid == y.uid && x.endpoint == y.endpoint;
                    });
}

class Told final : public PairingSink {
 public:
  void found(Finding&& finding) override {
    require(!finding.key.empty() && is_clean_utf8(finding.key) && is_clean_utf8(finding.session));
    if (finding.type == curfew::plugin::Type::SignIn) ++begun;
    if (finding.type == curfew::plugin::Type::SignOut) ++ended;
  }
  void judged(std::uint32_t /*input*/, Fate /*fate*/, std::string_view /*reason*/) override {}
  int begun = 0;
  int ended = 0;
};

WindowsEvent sign_in(const std::string& endpoint, std::size_t number) {
  WindowsEvent event;
  event.time = at(0);
  event.origin = Origin::Samba;
  event.channel = "samba-audit";
  event.provider = "Authorization";
  event.event_id = 4624;
  event.computer = "DC1";
  event.set(Field::Service, "SMB2");
  event.set(Field::AuthenticationPackageName, "krb5");
  event.set(Field::LogonType, "3");
  event.set(Field::RemoteEndpoint, endpoint);
  event.set(Field::IpAddress, clean_address(endpoint));
  event.set(Field::TargetUserName, "bob");
  event.set(Field::TargetDomainName, "CORP");
  event.set(Field::SessionId, "id-" + std::to_string(number));
  return event;
}

void judge(const SmbListing& listing) {
  Told told;
  PairingSettings settings;
  settings.smb = true;
  Pairing pairing(settings, told);
  const std::size_t sign_ins = std::min(listing.sessions.size(), most_sign_ins);
  for (std::size_t i = 0; i < sign_ins; ++i) pairing.add(sign_in(listing.sessions[i].endpoint, i));
  SmbListing shown = listing;
  shown.asked = at(5);
  shown.answered = at(6);
  pairing.add_listing(std::move(shown));
  pairing.advance(at(20));
  const int bound = told.begun - told.ended;
  require(bound >= 0);
  for (const SmbChange& change : pairing.take_smb_changes())
    require(!change.listed || change.ended || change.process.pid != 0);
  Told later;
  Pairing resumed(settings, later);
  for (const auto& [key, value] : pairing.take_changes()) {
    require(value.size() <= 4096 && is_clean_utf8(value));
    resumed.restore(key, value);
  }
  for (const int seconds : {30, 40}) {
    for (Pairing* one : {&pairing, &resumed}) {
      one->add_listing({at(seconds), at(seconds), {}});
      one->advance(at(seconds + 20));
    }
  }
  require(told.ended == told.begun);
  require(later.ended == bound);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string why;
  const auto listing = read_listing({reinterpret_cast<const char*>(data), size}, why);
  require(listing.has_value() == why.empty() && is_clean_utf8(why));
  if (!listing) return 0;
  require(listing->sessions.size() <= most_listed);
  for (const ListedSmb& one : listing->sessions)
    require(one.process.pid != 0 && !one.endpoint.empty() && one.endpoint.size() <= 256);
  const auto again = read_listing(written(*listing), why);
  require(again && is_same(*listing, *again));
  judge(*listing);
  return 0;
}
