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
    for (const std::string& to : said.to) channel.to.push_back(parsed(to, "to"));
    if (said.port == 0) said.port = said.tls == "tls" ? 465 : said.tls == "starttls" ? 587 : 25;
  } else if (!said.body.empty()) {
    channel.body = parsed(said.body, "body");
    Notice sample;
    if (!nlohmann::json::accept(channel.body.render(sample, NoticeTemplate::Escape::Json)))
      throw error_at(settings.marks, path + ".body",
                     "is no JSON once its placeholders are filled in; put texts into quotes");
  }
  if (!with_secrets) return channel;
  if (!said.secret_file.empty() || !said.secret_env.empty())
    channel.secret = read_secret(settings, path + ".secret_file", said.secret_file, said.secret_env);
  if (!said.password_file.empty() || !said.password_env.empty())
    channel.password = read_secret(settings, path + ".password_file", said.password_file, said.password_env);
  return channel;
}

Notifier::Notifier(const Settings& settings, metrics::Registry* metrics) : metrics_(metrics) {
  for (std::size_t i = 0; i < settings.notifications.size(); ++i)
    channels_.emplace(settings.notifications[i].name, channel_of(settings, i, true));
}

Delivery Notifier::deliver(const std::string& name, const Notice& notice) {
  const NoticeChannel& channel = channels_.at(name);
  const auto give_up_at = std::chrono::steady_clock::now() + whole_patience;
  Duration pause = first_pause;
  Delivery delivery;
  for (std::uint32_t attempt = 1;; ++attempt) {
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
  if (metrics_ != nullptr)
    metrics_->counter(metrics::steps, {name, "notify", model::name_of(delivery.code)}).add();
  return delivery;
}

void Notifier::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
}

}  // namespace curfew::app
