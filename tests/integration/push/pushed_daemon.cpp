#include "tests/integration/push/pushed_daemon.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <ostream>
#include <stdexcept>

#include "core/base/digest.hpp"
#include "core/base/time.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::push_test {
namespace {

const std::string pusher = "cfw_token-of-the-one-who-pushes";

void replace(std::string& text, const std::string& from, const std::string& to, const std::string& with) {
  const auto begin = text.find(from);
  const auto end = text.find(to, begin);
  if (begin == std::string::npos || end == std::string::npos)
    throw std::runtime_error("the configuration has no " + from);
  text.replace(begin, end - begin, with);
}

}  // namespace

void PrintTo(const SeenSession& session, std::ostream* out) { *out << session.key << ": " << session.text; }

std::vector<SeenSession> sessions_in(const store::ConnectionInfo& database) {
  store::Store store(database, store::Role::Reader);
  std::map<std::string, std::string> handles;
  store.read_references([&](model::PersonalValue&& value) {
    if (value.kind == model::PersonalKind::Handle) handles[value.name_space] = value.value;
  });
  std::vector<SeenSession> all;
  store::SessionQuery query;
  query.limit = 1000;
  for (bool more = true; more;) {
    const auto rows = store.sessions(query);
    for (const model::SessionRow& row : rows) {
      const bool ended = row.state == model::SessionState::Ended;
      SeenSession& seen = all.emplace_back();
      seen.key = handles[model::to_text(row.session)];
      seen.text =
          base::format_rfc3339(row.started_at) + (row.start_seen ? "" : " (unseen)") + " - " +
          (ended ? base::format_rfc3339(row.ended_at) + " " + std::string(model::name_of(row.end_reason)) +
                       " " + std::string(model::name_of(row.end_certainty))
                 : std::string(model::name_of(row.state))) +
          " " + row.application + " " + std::string(model::name_of(row.auth_method)) + " " +
          std::string(model::name_of(row.account_type)) + (row.privileged ? " privileged" : "");
      query.after = row.number;
    }
    more = rows.size() == query.limit;
  }
  std::sort(all.begin(), all.end());
  return all;
}

support::Cluster& cluster() {
  static support::Cluster cluster{true};
  return cluster;
}

PushedDaemon::PushedDaemon(support::Database database, const std::string& settings, const std::string& source)
    : database_(std::move(database)), port_(support::free_port()) {
  daemon_.configure("# end of sources\ndatabase: {url: \"" + database_.application.conninfo + "\"}\n");
  std::ifstream in(daemon_.config());
  std::string text((std::istreambuf_iterator<char>(in)), {});
  replace(text, "sources:\n", "# end of sources",
          "sources:\n  - name: corp\n    connector: windows\n    may_teach: ['*']\n" +
              (source.empty() ? "" : "    " + source + "\n") + "    settings: {push: true, " + settings +
              "}\n");
  replace(text, "}}\ntokens: [", "{name: test",
          "}, sources: {port: " + std::to_string(port_) +
              "}}\ntokens: [{name: pusher, role: ingest, sources: [corp], sha256: " +
              base::to_hex(base::sha256(pusher)) + "}, ");
  std::ofstream(daemon_.config()) << text;
}

void PushedDaemon::kill() { (void)daemon_.stop(SIGKILL); }

std::string PushedDaemon::basic() { return "Basic " + base::to_base64("winlogbeat:" + pusher); }
std::string PushedDaemon::api_key() { return "ApiKey " + base::to_base64("winlogbeat:" + pusher); }

std::string PushedDaemon::token() { return pusher; }
std::string PushedDaemon::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/sources/corp";
}

PushReply PushedDaemon::push(const std::string& method, const std::string& path, const std::string& body,
                             std::map<std::string, std::string> headers) const {
  Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port_));
  session.setTimeout(Poco::Timespan(60, 0));
  Poco::Net::HTTPRequest request(method, "/sources/corp" + path, Poco::Net::HTTPMessage::HTTP_1_1);
  headers.try_emplace("Authorization", "Bearer " + pusher);
  for (const auto& [name, value] : headers) request.set(name, value);
  request.setContentLength(static_cast<std::streamsize>(body.size()));
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse response;
  PushReply reply;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), reply.body);
  reply.status = static_cast<int>(response.getStatus());
  for (const auto& [name, value] : response) reply.headers[name] = value;
  return reply;
}

bool PushedDaemon::wait_until_judged() const {
  store::Store store(database_.owner, store::Role::Reader);
  return daemon_.until([&] {
    const auto memory = store.memory();
    return std::none_of(memory.begin(), memory.end(),
                        [](const store::MemoryUpdate& one) { return one.key.starts_with("pushed/"); });
  });
}

}  // namespace curfew::push_test
