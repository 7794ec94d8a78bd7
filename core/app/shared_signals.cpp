#include "core/app/shared_signals.hpp"

#include "core/app/configuration.hpp"
#include "core/app/exports.hpp"
#include "core/app/services.hpp"

namespace curfew::app {
namespace {

constexpr auto engine_patience = std::chrono::seconds(10);

outlet::DefaultSubjects default_subjects_of(const Settings& settings) {
  return settings.shared_signals.default_subjects == "none" ? outlet::DefaultSubjects::None
                                                            : outlet::DefaultSubjects::All;
}

outlet::ReceiverSettings receiver_of(const Settings& settings, std::size_t index) {
  const SignalReceiverSettings& said = settings.shared_signals.receivers[index];
  outlet::ReceiverSettings receiver;
  receiver.name = said.name;
  receiver.token = said.token;
  receiver.telling = {.issuer = settings.shared_signals.issuer,
                      .audiences = said.audience,
                      .formats = said.names,
                      .of_person = said.about == "subject",
                      .with_reason = said.reason,
                      .reason_language = said.reason_language};
  receiver.tells_handle = said.session_handle;
  receiver.default_subjects = default_subjects_of(settings);
  receiver.case_sensitive = settings.links.case_sensitive;
  if (said.delivery == "push") receiver.fixed = outlet::Delivery::Push;
  if (said.delivery == "poll") receiver.fixed = outlet::Delivery::Poll;
  receiver.push_url = said.push_url;
  receiver.push_to = said.push_to;
  receiver.ca_file = said.ca_file;
  if (!said.push_token_file.empty() || !said.push_token_env.empty())
    receiver.push_authorization =
        "Bearer " + read_secret(settings,
                                "shared_signals.receivers[" + std::to_string(index) + "].push_token_file",
                                said.push_token_file, said.push_token_env);
  return receiver;
}

}  // namespace

std::unique_ptr<outlet::Transmitter> make_transmitter(const Settings& settings,
                                                      const store::ConnectionInfo& database,
                                                      Pipeline& pipeline, Readers& readers,
                                                      metrics::Registry& registry, Log& log) {
  const SharedSignalsSettings& signals = settings.shared_signals;
  if (signals.issuer.empty()) return nullptr;
  outlet::Ground ground = ground_of(settings, database, readers, registry, log);
  outlet::Knowledge knowledge;
  knowledge.identifiers_of = [&pipeline](model::Ref subject) {
    return pipeline.identifiers_of(subject, engine_patience);
  };
  knowledge.record_access = [&pipeline](const std::string& by, const std::string& reason, std::size_t names) {
    record_access(pipeline, by, reason, names);
  };
  outlet::TransmitterSettings made;
  made.issuer = signals.issuer;
  made.keys_folder = signals.key_folder.empty() ? settings.data + "/signal-keys" : signals.key_folder;
  made.secrets_folder = settings.data + "/signal-secrets";
  made.default_subjects = default_subjects_of(settings);
  made.keys = {.lifetime = signals.key_lifetime, .overlap = signals.key_overlap};
  for (std::size_t i = 0; i < signals.receivers.size(); ++i)
    made.receivers.push_back(receiver_of(settings, i));
  return std::make_unique<outlet::Transmitter>(std::move(ground), std::move(knowledge), std::move(made));
}

}  // namespace curfew::app
