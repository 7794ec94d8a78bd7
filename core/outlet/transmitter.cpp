#include "core/outlet/transmitter.hpp"

#include <utility>

#include "core/base/error.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::outlet {
namespace {

constexpr Duration keys_interval = std::chrono::minutes(1);

}  // namespace

Transmitter::Transmitter(Ground ground, Knowledge knowledge, TransmitterSettings settings)
    : ground_(std::move(ground)),
      knowledge_(std::move(knowledge)),
      settings_(std::move(settings)),
      keys_(settings_.keys_folder, settings_.keys, ground_.now()),
      keys_looked_at_(ground_.now()) {
  for (const ReceiverSettings& receiver : settings_.receivers)
    streams_.push_back(
        std::make_unique<ReceiverStream>(ground_, knowledge_, keys_, receiver, settings_.secrets_folder));
}

Transmitter::~Transmitter() { stop(); }

void Transmitter::start() {
  for (const auto& stream : streams_) stream->start();
}

void Transmitter::stop() {
  for (const auto& stream : streams_) stream->stop();
}

void Transmitter::committed() {
  for (const auto& stream : streams_) stream->wake();
}

void Transmitter::look_at_keys() {
  const Time now = ground_.now();
  if (now >= keys_looked_at_ && now < keys_looked_at_ + keys_interval) return;
  keys_looked_at_ = now;
  try {
    if (keys_.renew(now)) ground_.log(Severity::Info, "security events are signed with another key now");
  } catch (const Error& error) {
    ground_.log(Severity::Warning,
                std::string("the signing keys of security events stay as they are: ") + error.what());
  }
}

ReceiverStream* Transmitter::stream_of(const std::string& token) const {
  for (const auto& stream : streams_) {
    if (!token.empty() && stream->settings().token == token) return stream.get();
  }
  return nullptr;
}

std::string Transmitter::metadata() const {
  const auto at = [this](std::string_view path) { return settings_.issuer + std::string(path); };
  std::string text;
  report::JsonWriter json(text);
  json.begin_object().text("spec_version", "1_0").text("issuer", settings_.issuer);
  json.text("jwks_uri", at(keys_path));
  json.begin_array("delivery_methods_supported").text({}, push_method).text({}, poll_method).end();
  json.text("configuration_endpoint", at(stream_path)).text("status_endpoint", at(status_path));
  json.text("verification_endpoint", at(verification_path));
  json.begin_array("authorization_schemes").begin_object().text("spec_urn", "urn:ietf:rfc:6750").end().end();
  json.text("add_subject_endpoint", at(add_subject_path));
  json.text("remove_subject_endpoint", at(remove_subject_path));
  const bool is_all = settings_.default_subjects == DefaultSubjects::All;
  json.text("default_subjects", is_all ? "ALL" : "NONE").end();
  return text;
}

Reply Transmitter::manage(ReceiverStream& stream, const Question& question) {
  switch (question.what) {
    case Call::CreateStream:
      return stream.create(parse_stream_body(question.body));
    case Call::ReadStream:
      return stream.read(question.stream);
    case Call::UpdateStream:
      return stream.update(parse_stream_body(question.body), false);
    case Call::ReplaceStream:
      return stream.update(parse_stream_body(question.body), true);
    case Call::DeleteStream:
      return stream.remove(question.stream);
    case Call::ReadStatus:
      return stream.read_status(question.stream);
    case Call::SetStatus:
      return stream.set_status(parse_status_body(question.body));
    case Call::Verify:
      return stream.verify(parse_verification_body(question.body));
    case Call::AddSubject:
      return stream.add_subject(parse_subject_body(question.body));
    case Call::RemoveSubject:
      return stream.remove_subject(parse_subject_body(question.body));
    case Call::Poll:
      return stream.poll(question.stream, parse_poll_body(question.body));
    case Call::Metadata:
    case Call::Keys:
      break;
  }
  throw Error(ErrorKind::Internal, "this question is not about a stream");
}

Reply Transmitter::answer(const Question& question) {
  if (question.what == Call::Metadata) return {.status = 200, .body = metadata(), .detail = {}};
  if (question.what == Call::Keys) return {.status = 200, .body = keys_.key_set(), .detail = {}};
  ReceiverStream* stream = stream_of(question.token);
  if (stream == nullptr)
    return {.status = 403,
            .body = {},
            .detail = "no receiver of the configuration has the token '" + question.token + "'"};
  try {
    return manage(*stream, question);
  } catch (const BodyError& error) {
    return {.status = 400, .body = {}, .detail = error.what()};
  }
}

}  // namespace curfew::outlet
