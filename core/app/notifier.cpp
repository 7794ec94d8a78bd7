#include "core/app/notifier.hpp"

#include <nlohmann/json.hpp>

#include "core/app/configuration.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/error.hpp"
#include "core/metrics/definitions.hpp"

namespace curfew::app {
namespace {

constexpr Duration first_pause = std::chrono::seconds(1);
// All attempts together: the engine waits a minute for an answer.
constexpr Duration whole_patience = std::chrono::seconds(45);

constexpr const char* default_subject = "Curfew: {{name}} is signed out of {{source}}";
constexpr const char* default_body =
    "{{name}} is signed out of {{source}} (session {{session}}).\n"
    "Reason: {{reason}}.\n"
    "Sign-out {{sign_out}} of realm {{realm}}, {{time}}.\n";

constexpr const char* default_warning_subject = "Curfew: the session at {{source}} ends soon";
constexpr const char* default_warning_body =
    "{{name}}, your session at {{source}} (session {{session}}) ends at {{deadline}}.\n"
    "Reason: {{reason}}.\n"
    "Save your work. If the reason is that nothing was done for long, going on to work keeps it alive.\n";

// A body that stays JSON, whatever its placeholders become.
bool is_json(const NoticeTemplate& body) {
  return nlohmann::json::accept(body.render(Notice{}, NoticeTemplate::Escape::Json));
}

}  // namespace

NoticeChannel channel_of(const Settings& settings, std::size_t index, bool with_secrets) {
  NoticeChannel channel;
  channel.settings = settings.notifications[index];
  NotificationSettings& said = channel.settings;
  const std::string path = "notifications[" + std::to_string(index) + "]";
  const auto parsed = [&](const std::string& text, const std::string& key) {
    try {
      return NoticeTemplate(text);
    } catch (const Error& error) {
      throw error_at(settings.marks, path + "." + key, error.what());
    }
  };
  const bool mail = said.kind == "email";
  if (mail) {
    channel.subject = parsed(said.subject.empty() ? default_subject : said.subject, "subject");
    channel.body = parsed(said.body.empty() ? default_body : said.body, "body");
    channel.warning_subject = parsed(
        said.warning_subject.empty() ? default_warning_subject : said.warning_subject, "warning_subject");
    channel.warning_body =
        parsed(said.warning_body.empty() ? default_warning_body : said.warning_body, "warning_body");
    for (const std::string& to : said.to) channel.to.push_back(parsed(to, "to"));
    if (said.port == 0) said.port = said.tls == "tls" ? 465 : said.tls == "starttls" ? 587 : 25;
  } else {
    const auto parsed_json = [&](const std::string& text, const std::string& key) {
      if (text.empty()) return NoticeTemplate{};
      NoticeTemplate body = parsed(text, key);
      if (!is_json(body))
        throw error_at(settings.marks, path + "." + key,
                       "is no JSON once its placeholders are filled in; put texts into quotes");
      return body;
    };
    channel.body = parsed_json(said.body, "body");
    channel.warning_body =
        said.warning_body.empty() ? channel.body : parsed_json(said.warning_body, "warning_body");
  }
  if (!with_secrets) return channel;
  if (!said.secret_file.empty() || !said.secret_env.empty())
    channel.secret = read_secret(settings, path + ".secret_file", said.secret_file, said.secret_env);
  if (!said.password_file.empty() || !said.password_env.empty())
    channel.password = read_secret(settings, path + ".password_file", said.password_file, said.password_env);
  return channel;
}

NoticeChannels read_channels(const Settings& settings) {
  NoticeChannels channels;
  for (std::size_t i = 0; i < settings.notifications.size(); ++i)
    channels.emplace(settings.notifications[i].name, channel_of(settings, i, true));
  return channels;
}

std::vector<model::NamedValue> names_of(const std::vector<model::Identifier>& identifiers,
                                        const std::vector<model::PersonalValue>& values) {
  std::vector<model::NamedValue> names;
  for (const model::Identifier& identifier : identifiers) {
    for (const model::PersonalValue& value : values) {
      if (value.ref == identifier.value && value.kind == model::PersonalKind::Identifier)
        names.push_back({value.name_space, value.value});
    }
  }
  return names;
}

Notifier::Notifier(const Settings& settings, metrics::Registry* metrics)
    : metrics_(metrics), channels_(std::make_shared<const NoticeChannels>(read_channels(settings))) {}

std::shared_ptr<const NoticeChannels> Notifier::channels() const {
  const std::lock_guard lock(mutex_);
  return channels_;
}

void Notifier::use(NoticeChannels channels) {
  auto fresh = std::make_shared<const NoticeChannels>(std::move(channels));
  const std::lock_guard lock(mutex_);
  channels_ = std::move(fresh);
}

void Notifier::count_warning(const std::string& channel, std::string_view outcome) {
  if (metrics_ != nullptr) metrics_->counter(metrics::warning_notices, {channel, outcome}).add();
}

Delivery Notifier::deliver(const std::string& name, const Notice& notice, const Stands& stands) {
  // Kept while it is used: a reload may take it away.
  const std::shared_ptr<const NoticeChannels> known = channels();
  const auto found = known->find(name);
  Delivery delivery;
  if (found == known->end()) {
    delivery.text = "notification '" + name + "' is not configured any more";
    return delivery;
  }
  const NoticeChannel& channel = found->second;
  const auto give_up_at = std::chrono::steady_clock::now() + whole_patience;
  Duration pause = first_pause;
  for (std::uint32_t attempt = 1;; ++attempt) {
    if (const std::optional<bool> still = stands ? stands() : true; still != true) {
      delivery.withdrawn = still.has_value();
      delivery.text =
          still ? "nothing to warn of any more" : "the engine did not say whether it is still true";
      return delivery;
    }
    const auto left = std::chrono::duration_cast<Duration>(give_up_at - std::chrono::steady_clock::now());
    const Duration timeout =
        std::min(channel.settings.timeout, std::max(left, Duration(std::chrono::seconds(1))));
    delivery = channel.settings.kind == "email" ? deliver_by_mail(channel, notice, timeout)
                                                : deliver_by_webhook(channel, notice, timeout);
    if (attempt > 1) delivery.text += " (attempt " + std::to_string(attempt) + ")";
    if (!delivery.again || attempt >= channel.settings.attempts || left <= pause) break;
    std::unique_lock lock(mutex_);
    if (stopped_.wait_for(lock, pause, [this] { return stopping_; })) break;
    pause *= 2;
  }
  if (metrics_ != nullptr && notice.kind == sign_out_kind)
    metrics_->counter(metrics::steps, {name, "notify", model::name_of(delivery.code)}).add();
  return delivery;
}

void Notifier::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
}

}  // namespace curfew::app
