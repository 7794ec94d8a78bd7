// To whom proven sign-outs are told, as it is configured.
#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>
#include <set>

#include "core/app/configuration.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/text.hpp"
#include "core/outlet/event_push.hpp"
#include "core/outlet/security_event.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t most_receivers = 16;  // each has a thread and a connection to the database
constexpr std::size_t longest_text = 512;

class Check {
 public:
  explicit Check(const Settings& settings) : settings_(settings), signals_(settings.shared_signals) {}

  void all() {
    if (signals_.issuer.empty() && signals_.receivers.empty()) return;
    check_issuer();
    if (settings_.listeners.sources.port == 0)
      fail("issuer", "receivers come to the listener 'sources', which is off: give listeners.sources a port");
    if (signals_.receivers.size() > most_receivers)
      fail("receivers", "more than " + std::to_string(most_receivers) + " receivers");
    for (std::size_t i = 0; i < signals_.receivers.size(); ++i)
      check_receiver(signals_.receivers[i], "receivers[" + std::to_string(i) + "]");
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& text) const {
    throw error_at(settings_.marks, "shared_signals." + key, text);
  }

  void check_issuer() const {
    const std::string& issuer = signals_.issuer;
    if (issuer.empty()) fail("receivers", "receivers need an 'issuer': the URL at which they reach Curfew");
    const std::size_t host = issuer.find("://");
    if (!outlet::is_safe_endpoint(issuer) || issuer.find('/', host + 3) != std::string::npos ||
        issuer.find('?') != std::string::npos || !base::is_clean_utf8(issuer) || issuer.size() > longest_text)
      fail("issuer", "must look like https://curfew.corp.test: no path, and http on this machine alone");
  }

  void check_receiver(const SignalReceiverSettings& receiver, const std::string& at) {
    if (!is_name(receiver.name))
      fail(at + ".name", "a receiver's name must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (!names_.insert(receiver.name).second)
      fail(at + ".name", "there are two receivers named '" + receiver.name + "'");
    if (receiver.audience.empty() || receiver.audience.size() > 16)
      fail(at + ".audience", "give 1 to 16 texts: what the receiver takes for its own in 'aud'");
    for (const std::string& audience : receiver.audience) {
      if (audience.empty() || audience.size() > longest_text)
        fail(at + ".audience", "has an empty or too long text");
    }
    for (const std::string& format : receiver.names) {
      if (std::find(std::begin(outlet::subject_formats), std::end(outlet::subject_formats), format) !=
          std::end(outlet::subject_formats))
        continue;
      const std::string_view near = base::nearest(format, outlet::subject_formats);
      fail(at + ".names", "'" + format + "' is no format of names that Curfew has; " +
                              (near.empty() ? "there are iss_sub, email, account and phone_number"
                                            : "did you mean '" + std::string(near) + "'?"));
    }
    check_language(receiver.reason_language, at + ".reason_language");
    check_token(receiver, at);
    check_delivery(receiver, at);
  }

  void check_language(const std::string& language, const std::string& at) const {
    const bool is_tag =
        !language.empty() && language.size() <= 35 && language.front() != '-' &&
        std::all_of(language.begin(), language.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        });
    if (!is_tag) fail(at, "must be a language tag such as en or de-CH");
  }

  void check_token(const SignalReceiverSettings& receiver, const std::string& at) {
    if (receiver.token.empty()) {
      if (receiver.delivery != "push")
        fail(at, "receiver '" + receiver.name + "' asks for its events: name its 'token'");
      if (signals_.default_subjects == "none")
        fail(at, "receiver '" + receiver.name +
                     "' would be told nothing: with 'default_subjects: none' it must add subjects; name its "
                     "'token'");
      return;
    }
    const auto token = std::find_if(settings_.tokens.begin(), settings_.tokens.end(),
                                    [&](const TokenSettings& one) { return one.name == receiver.token; });
    if (token == settings_.tokens.end() || token->role != "receiver")
      fail(at + ".token", "there is no token of role receiver named '" + receiver.token + "'");
    if (!tokens_.insert(receiver.token).second)
      fail(at + ".token", "another receiver has this token: a token tells which receiver asks");
  }

  void check_delivery(const SignalReceiverSettings& receiver, const std::string& at) const {
    const bool is_push = receiver.delivery == "push";
    if (is_push != !receiver.push_url.empty())
      fail(at + ".push_url", "a 'push_url' and 'delivery: push' go together");
    if (is_push && !outlet::is_safe_endpoint(receiver.push_url))
      fail(at + ".push_url",
           "must be https, or http on this machine, without a user: names of people go there");
    const bool has_token = !receiver.push_token_file.empty() || !receiver.push_token_env.empty();
    if (has_token && !is_push) fail(at, "'push_token' is for 'delivery: push'");
    if (!receiver.push_token_file.empty() && !receiver.push_token_env.empty())
      fail(at + ".push_token_env", "give the token by file or by environment variable, not both");
    if (!receiver.push_to.empty() && receiver.delivery != "managed")
      fail(at + ".push_to", "is for 'delivery: managed': this stream is not made by the receiver");
    for (const std::string& beginning : receiver.push_to) {
      if (!outlet::is_safe_endpoint(beginning) ||
          beginning.find('/', beginning.find("://") + 3) == std::string::npos)
        fail(at + ".push_to", "'" + beginning +
                                  "' must be the beginning of a URL with its whole host, such as "
                                  "https://crm.corp.test/");
    }
  }

  const Settings& settings_;
  const SharedSignalsSettings& signals_;
  std::set<std::string> names_;
  std::set<std::string> tokens_;
};

}  // namespace

void check_shared_signals(const Settings& settings) { Check(settings).all(); }

}  // namespace curfew::app
