// The first byte says what the others are: a key set, a token, the claims of a token that is signed, or a
// form with one.
#include <cjose/cjose.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "curfew/plugin/digest.hpp"
#include "plugins/files/text.hpp"
#include "plugins/oauth/back_channel/receiver.hpp"

namespace {

using namespace curfew::oauth;
namespace plugin = curfew::plugin;

void require(bool condition) {
  if (!condition) std::abort();
}

cjose_jwk_t* signing_key() {
  static cjose_jwk_t* const key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, nullptr);
  return key;
}

const KeySet& keys() {
  static const KeySet set = [] {
    char* text = cjose_jwk_to_json(signing_key(), false, nullptr);
    nlohmann::json all{{"keys", {nlohmann::json::parse(text)}}};
    std::free(text);
    return KeySet::parse(all.dump());
  }();
  return set;
}

std::string signed_text(std::string_view claims) {
  cjose_header_t* header = cjose_header_new(nullptr);
  cjose_header_set(header, CJOSE_HDR_ALG, "ES256", nullptr);
  cjose_jws_t* jws = cjose_jws_sign(
      signing_key(), header, reinterpret_cast<const std::uint8_t*>(claims.data()), claims.size(), nullptr);
  cjose_header_release(header);
  if (jws == nullptr) return {};
  const char* compact = nullptr;
  std::string out;
  if (cjose_jws_export(jws, &compact, nullptr)) out = compact;
  cjose_jws_release(jws);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const plugin::Time now{std::chrono::seconds(1'795'000'000)};
  const std::vector<std::string>& algorithms = known_algorithms();
  try {
    switch (data[0] % 4U) {
      case 0: {
        const KeySet set = KeySet::parse(bytes);
        require(set.size() + set.passed_over() <= KeySet::most_keys);
        static const std::string token = signed_text("{}");
        (void)set.signed_it(SignedToken(token, algorithms));
        break;
      }
      case 1:
        require(!keys().signed_it(SignedToken(bytes, algorithms)));
        break;
      case 2: {
        const std::string text = signed_text(bytes);
        if (text.empty()) break;
        const SignedToken token(text, algorithms);
        require(keys().signed_it(token));
        const LogoutToken said = read_logout_token(token, {.issuer = "i", .audiences = {"a"}}, now);
        require(!said.id.empty() && !(said.subject.empty() && said.session.empty()));
        require(said.good_until > now && curfew::files::is_clean_utf8(said.subject + said.session + said.id));
        break;
      }
      default: {
        IssuerKeys nobody({.url = "http://127.0.0.1:1", .tls = {}},
                          {.issuer = "http://127.0.0.1:1", .jwks_uri = "http://127.0.0.1:1/"},
                          [&] { return now; });
        Receiver receiver(
            {.issuer = "i", .audiences = {"a"}}, nobody, [&] { return now; },
            [](std::string_view text) { return std::string(text); });
        const auto answer =
            receiver.answer({.method = "POST", .path = "/", .query = {}, .body = bytes, .headers = {}},
                            [](const LogoutToken&, const std::string&) { std::abort(); });
        require(answer.status == 400 || answer.status == 503);
      }
    }
  } catch (const BadToken&) {
    // Said, and nothing more.
  }
  return 0;
}
