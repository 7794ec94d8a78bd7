// The transmitter of Shared Signals, to its receivers.
#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"

namespace curfew::api {
namespace {

using outlet::Call;

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "malformed body";
    case 403:
      return "not allowed";
    case 404:
      return "no such stream";
    case 409:
      return "there is a stream already";
    case 429:
      return "too many requests";
    default:
      return "failed";
  }
}

Response answer(const Services& services, const Request& request, Call what) {
  if (!services.shared_signals) throw Problem(501, "not here", "this server transmits no security events");
  outlet::Question question{.what = what, .token = {}, .stream = {}, .body = request.body};
  if (request.token != nullptr) question.token = request.token->name;
  if (what == Call::ReadStream || what == Call::DeleteStream || what == Call::ReadStatus) {
    refuse_unknown_parameters(request, {"stream_id"});
    question.stream = text_parameter(request, "stream_id");
  }
  if (what == Call::Poll) question.stream = std::string(request.capture("id"));
  outlet::Reply reply = services.shared_signals(question);
  if (reply.status >= 400) {
    Problem problem(reply.status, std::string(title_of(reply.status)), std::move(reply.detail));
    problem.retry_after = reply.retry_after;
    throw problem;
  }
  Response response = json_response(reply.status, std::move(reply.body));
  if (response.body.empty()) response.content_type.clear();
  // Receivers come back for keys when they meet one that they don't know.
  if (what == Call::Keys || what == Call::Metadata)
    response.headers.emplace_back("Cache-Control", "public, max-age=300");
  return response;
}

}  // namespace

void add_signal_routes(Router& router, const Services& services) {
  const auto add = [&](const char* method, std::string pattern, Call what) -> Route& {
    const bool is_public = what == Call::Metadata || what == Call::Keys;
    return router.add(method, std::move(pattern), is_public ? nobody_in_particular : role_bit(Role::Receiver),
                      [&services, what](const Request& request) { return answer(services, request, what); });
  };
  const std::string stream(outlet::stream_path);
  const std::string status(outlet::status_path);
  add("GET", std::string(outlet::metadata_path), Call::Metadata);
  add("GET", std::string(outlet::keys_path), Call::Keys);
  add("GET", stream, Call::ReadStream);
  add("DELETE", stream, Call::DeleteStream);
  add("GET", status, Call::ReadStatus);
  add("POST", stream, Call::CreateStream).accepts = {"application/json"};
  add("PATCH", stream, Call::UpdateStream).accepts = {"application/json"};
  add("PUT", stream, Call::ReplaceStream).accepts = {"application/json"};
  add("POST", status, Call::SetStatus).accepts = {"application/json"};
  add("POST", std::string(outlet::verification_path), Call::Verify).accepts = {"application/json"};
  add("POST", std::string(outlet::add_subject_path), Call::AddSubject).accepts = {"application/json"};
  add("POST", std::string(outlet::remove_subject_path), Call::RemoveSubject).accepts = {"application/json"};
  add("POST", std::string(outlet::poll_path) + "{id}", Call::Poll).accepts = {"application/json"};
}

}  // namespace curfew::api
