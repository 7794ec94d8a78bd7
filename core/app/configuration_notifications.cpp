// Notifications as they are configured.
#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>
#include <set>

#include "core/app/configuration.hpp"
#include "core/app/notifier.hpp"
#include "core/app/yaml_reader.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t most_channels = 64;
constexpr std::size_t most_recipients = 32;

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

struct Check {
  const Settings& settings;
  const NotificationSettings& channel;
  std::string path;

  [[noreturn]] void fail(const std::string& key, const std::string& text) const {
    throw error_at(settings.marks, path + (key.empty() ? "" : "." + key), text);
  }
  void has_no(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) {
      if (settings.says(path + "." + key))
        fail(key, "a notification by " + channel.kind + " has no '" + key + "'");
    }
  }
  void plain_only_here(const char* key, std::string_view host) const {
    if (!is_loopback_host(host) && !channel.plain_beyond_loopback)
      fail(key, "names of people could be read on the way: use TLS, or say plain_beyond_loopback: true");
  }

  void webhook() const {
    has_no({"server", "port", "tls", "auth", "user", "password_file", "password_env", "from", "to", "subject",
            "warning_subject"});
    if (channel.url.empty()) fail("", "a webhook needs a 'url'");
    if (!channel.secret_file.empty() && !channel.secret_env.empty())
      fail("secret_env", "give the secret by file or by environment variable, not both");
    Poco::URI url;
    try {
      url = Poco::URI(channel.url);
    } catch (const Poco::Exception& error) {
      fail("url", error.displayText());
    }
    if ((url.getScheme() != "http" && url.getScheme() != "https") || url.getHost().empty())
      fail("url", "must look like https://chat.corp.test/hooks/curfew");
    if (!url.getUserInfo().empty()) fail("url", "must hold no password; sign with secret_file");
    if (url.getScheme() == "http") plain_only_here("url", url.getHost());
  }

  void mail() const {
    has_no({"url", "secret_file", "secret_env"});
    if (channel.server.empty()) fail("", "mail needs a 'server'");
    if (!is_mail_address(channel.from))
      fail(channel.from.empty() ? "" : "from", "mail needs a 'from' that is an address");
    if (channel.to.empty() || channel.to.size() > most_recipients)
      fail("to", "mail needs 1 to " + std::to_string(most_recipients) + " addresses in 'to'");
    for (const std::string& to : channel.to) {
      if (to.find("{{") == std::string::npos && !is_mail_address(to))
        fail("to", "'" + to + "' is no mail address");
    }
    const bool has_password = !channel.password_file.empty() || !channel.password_env.empty();
    if (has_password == channel.user.empty()) fail("user", "a user and a password go together");
    if (!channel.password_file.empty() && !channel.password_env.empty())
      fail("password_env", "give the password by file or by environment variable, not both");
    if (channel.tls == "none") plain_only_here("tls", channel.server);
  }
};

}  // namespace

bool is_channel(const Settings& settings, std::string_view name) {
  return std::any_of(settings.notifications.begin(), settings.notifications.end(),
                     [&](const NotificationSettings& channel) { return channel.name == name; });
}

void check_notifications(const Settings& settings) {
  std::set<std::string> names;
  for (const SourceSettings& source : settings.sources) names.insert(source.name);
  for (const GateSettings& gate : settings.gates) names.insert(gate.name);
  for (std::size_t i = 0; i < settings.notifications.size(); ++i) {
    const NotificationSettings& channel = settings.notifications[i];
    const Check check{settings, channel, "notifications[" + std::to_string(i) + "]"};
    if (i == most_channels) check.fail("", "more than " + std::to_string(most_channels) + " notifications");
    if (channel.name.empty() || channel.name.size() > 64) check.fail("name", "must have 1 to 64 bytes");
    if (!names.insert(channel.name).second)
      check.fail("name", "'" + channel.name + "' is the name of another notification, a source or a gate");
    if (channel.kind == "webhook")
      check.webhook();
    else
      check.mail();
    (void)channel_of(settings, i, false);
  }
}

}  // namespace curfew::app
