#include "running_gate.hpp"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>

#include <thread>

#include "core/base/text.hpp"

namespace curfew::api {

Got send(Poco::Net::HTTPClientSession& session, const std::string& method, const std::string& target,
         const Headers& headers, const std::string& body) {
  Poco::Net::HTTPRequest request(method, target, Poco::Net::HTTPMessage::HTTP_1_1);
  for (const auto& [name, value] : headers) request.add(name, value);
  if (!body.empty()) request.setContentLength(static_cast<std::streamsize>(body.size()));
  Got got;
  try {
    session.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    std::istream& in = session.receiveResponse(response);
    Poco::StreamCopier::copyToString(in, got.body);
    got.status = response.getStatus();
    for (const auto& [name, value] : response) got.headers.emplace(base::to_lower_ascii(name), value);
  } catch (const Poco::Exception&) {
    session.reset();
  }
  return got;
}

Got get(int port, const std::string& target, const Headers& headers) {
  Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
  session.setTimeout(Poco::Timespan(10, 0));
  return send(session, "GET", target, headers);
}

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

RunningGate::RunningGate() {
  settings.name = "test";
  settings.source = "crm";
  settings.public_paths = {"/public/*"};
  settings.machine_paths = {"/poll"};
  settings.clock = [this] { return GateTime{base::wall_clock_now() + Duration(ahead.load()), true}; };
}

RunningGate::~RunningGate() = default;

void RunningGate::live(const std::string& id, Duration idle, Duration warning) {
  model::GateEntry entry;
  entry.source = "crm";
  entry.session = {base::keyed_digest(key(), id)};
  entry.last_person_at = base::wall_clock_now();
  entry.idle_limit = idle;
  entry.idle_warning = warning;
  view.apply({&entry, 1});
}

void RunningGate::refused(const std::string& id, model::Refusal why) {
  model::GateEntry entry;
  entry.source = "crm";
  entry.session = {base::keyed_digest(key(), id)};
  entry.standing = model::Standing::Refused;
  entry.refusal = why;
  view.apply({&entry, 1});
}

void RunningGate::start() {
  judge_ = std::make_unique<GateJudge>(settings, view);
  judge_->set_rules(R"({"credentials":[{"in":"cookie","name":"sid"}],"clear_cookies":["sid","remember"]})",
                    key());
  judge_->loaded(base::wall_clock_now());
  view.set_loaded();
  server_ = std::make_unique<GateServer>(listener, *judge_);
  server_->start();
}

}  // namespace curfew::api
