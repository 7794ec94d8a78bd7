#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>

#include <string_view>
#include <vector>

#include "tests/support/forms_app/inside.hpp"

namespace curfew::forms_app {
namespace {

using Poco::Net::HTTPResponse;

void answer(Poco::Net::HTTPServerResponse& response, HTTPResponse::HTTPStatus status,
            const std::string& body) {
  response.setStatusAndReason(status);
  response.setContentType("application/json");
  response.setContentLength(static_cast<std::streamsize>(body.size()));
  response.send() << body;
}

// Bytes past the HTTP library, and then the end of the connection.
void send_raw(Poco::Net::HTTPServerRequest& request, std::string_view bytes) {
  auto& socket = dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request).socket();
  socket.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
  socket.shutdown();
}

const char* state_of(const PersonSession& session) { return session.paused ? "paused" : "active"; }

std::string listed(const std::vector<PersonSession>& all) {
  std::string body = "{\"sessions\":[";
  for (const PersonSession& session : all) {
    if (!body.ends_with('[')) body += ',';
    body += "{\"id\":" + json_text(session.id) + ",\"user\":" + json_text(session.person) + ",\"state\":\"" +
            state_of(session) + "\",\"started_at\":" + std::to_string(session.started_at) +
            ",\"last_activity_at\":" + std::to_string(session.last_activity_at) + "}";
  }
  return body + "]}";
}

}  // namespace

void FormsApp::Inside::handle_admin(Poco::Net::HTTPServerRequest& request,
                                    Poco::Net::HTTPServerResponse& response) {
  ++admin_calls;
  if (options.admin_token.empty() || request.get("Authorization", "") != "Bearer " + options.admin_token) {
    answer(response, HTTPResponse::HTTP_UNAUTHORIZED, R"({"error":"who are you?"})");
    return;
  }
  {
    std::unique_lock lock(mutex);
    if (fault == Fault::Garbage) {
      send_raw(request, "\x16\x03\x01 no HTTP at all \xff\xfe\r\n\r\n{\"state\":\"none\"}");
      return;
    }
    if (fault == Fault::Cut) {
      send_raw(request,
               "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n"
               "{\"state\":\"none\"}");
      return;
    }
    fault_changed.wait(lock, [&] { return fault != Fault::Slow || ending; });
    if (ending) return;
  }
  std::vector<std::string> parts;
  Poco::URI(request.getURI()).getPathSegments(parts);
  const std::string& method = request.getMethod();
  const bool lies = manner == Manner::Lies;
  const auto none = [&] { answer(response, HTTPResponse::HTTP_NOT_FOUND, R"({"state":"none"})"); };
  const auto done = [&](bool found) {
    if (found)
      answer(response, HTTPResponse::HTTP_OK, R"({"done":true})");
    else
      none();
  };
  try {
    if (parts.size() == 2 && parts[1] == "sessions" && method == "GET") {
      answer(response, HTTPResponse::HTTP_OK, listed(lies ? std::vector<PersonSession>{} : sessions->all()));
    } else if (parts.size() == 3 && parts[1] == "sessions" && method == "GET") {
      const auto session = lies ? std::nullopt : sessions->find(parts[2]);
      if (session)
        answer(response, HTTPResponse::HTTP_OK, "{\"state\":\"" + std::string(state_of(*session)) + "\"}");
      else
        none();
    } else if (parts.size() == 3 && parts[1] == "sessions" && method == "DELETE") {
      done(lies || sessions->end(parts[2]));
    } else if (parts.size() == 4 && parts[1] == "sessions" && parts[3] == "cancel" && method == "POST") {
      done(lies || (manner == Manner::CancelPauses ? sessions->pause(parts[2]) : sessions->end(parts[2])));
    } else if (parts.size() == 4 && parts[1] == "people" && parts[3] == "sessions" && method == "DELETE") {
      answer(response, HTTPResponse::HTTP_OK,
             "{\"ended\":" + std::to_string(lies ? 1 : sessions->end_all(parts[2])) + "}");
    } else {
      answer(response, HTTPResponse::HTTP_BAD_REQUEST, R"({"error":"no such call"})");
    }
  } catch (const std::exception&) {
    answer(response, HTTPResponse::HTTP_SERVICE_UNAVAILABLE, R"({"error":"try again later"})");
  }
}

}  // namespace curfew::forms_app
