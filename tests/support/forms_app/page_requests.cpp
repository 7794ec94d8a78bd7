#include <Poco/Net/HTMLForm.h>
#include <Poco/Net/NameValueCollection.h>
#include <Poco/Timestamp.h>
#include <Poco/URI.h>

#include <array>
#include <ctime>

#include "tests/support/forms_app/inside.hpp"

namespace curfew::forms_app {
namespace {

using Poco::Net::HTTPResponse;

constexpr const char* cookie_name = "sid";
constexpr std::size_t most_notes = 20;
constexpr std::size_t longest_note = 400;

std::string utc_now() {
  const auto micros = Poco::Timestamp().epochMicroseconds();
  const std::time_t seconds = micros / 1'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(micros % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::string(text.data()) + "." + fraction + "Z";
}

struct Exchange {
  Poco::Net::HTTPServerRequest& request;
  Poco::Net::HTTPServerResponse& response;
  std::string id;      // that it brought or was given
  std::string person;  // empty: nobody

  // The log's line is written before the answer goes out: who has the answer can find it.
  void answer(FormsApp::Inside& app, HTTPResponse::HTTPStatus status, const std::string& type,
              const std::string& body, const std::string& location = {}) {
    {
      const std::lock_guard lock(app.mutex);
      app.log << "{\"time\":\"" << utc_now() << "\",\"address\":\""
              << request.clientAddress().host().toString() << "\",\"user\":" << json_text(person)
              << ",\"session\":" << json_text(id) << ",\"method\":" << json_text(request.getMethod())
              << ",\"path\":" << json_text(request.getURI()) << ",\"status\":" << static_cast<int>(status)
              << ",\"location\":" << json_text(location)
              << ",\"user_agent\":" << json_text(request.get("User-Agent", "")) << "}" << std::endl;
    }
    response.setStatusAndReason(status);
    if (!location.empty()) response.set("Location", location);
    response.setContentType(type);
    // What the gate says of it goes before.
    if (!response.has("Cache-Control"))
      response.set("Cache-Control", type == "text/css" ? "max-age=3600" : "no-store");
    response.setContentLength(static_cast<std::streamsize>(body.size()));
    response.send() << body;
  }
  void go_to(FormsApp::Inside& app, const std::string& where) {
    answer(app, HTTPResponse::HTTP_FOUND, "text/plain", "", where);
  }
};

}  // namespace

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x20 || byte >= 0x7F ? '?' : c;
  }
  return out + '"';
}

void FormsApp::Inside::handle_page(Poco::Net::HTTPServerRequest& request,
                                   Poco::Net::HTTPServerResponse& response) {
  Exchange exchange{request, response, {}, {}};
  Poco::Net::NameValueCollection cookies;
  request.getCookies(cookies);
  exchange.id = cookies.get(cookie_name, "");
  const std::string path = Poco::URI(request.getURI()).getPath();
  const std::string query = Poco::URI(request.getURI()).getQuery();
  const bool is_post = request.getMethod() == "POST";
  try {
    if (path == "/style.css") {
      exchange.answer(*this, HTTPResponse::HTTP_OK, "text/css", style);
    } else if (path == "/login" && is_post) {
      const Poco::Net::HTMLForm form(request, request.stream());
      const auto person = options.people.find(form.get("user", ""));
      if (person == options.people.end() || person->second != form.get("password", "")) {
        exchange.person = form.get("user", "");
        exchange.go_to(*this, "/login?failed");
        return;
      }
      exchange.person = person->first;
      exchange.id = sessions->begin(person->first);
      response.set("Set-Cookie",
                   std::string(cookie_name) + "=" + exchange.id + "; Path=/; HttpOnly; SameSite=Lax");
      exchange.go_to(*this, "/app");
    } else if (path == "/login") {
      exchange.answer(*this, HTTPResponse::HTTP_OK, "text/html; charset=utf-8",
                      sign_in_page(query == "failed" ? "Name or password is wrong."
                                   : query == "bye"  ? "You are signed out."
                                                     : "",
                                   options.hint));
    } else if (path == "/logout" && is_post) {
      if (const auto session = sessions->find(exchange.id)) exchange.person = session->person;
      sessions->end(exchange.id);
      response.set("Set-Cookie", std::string(cookie_name) + "=; Path=/; Max-Age=0");
      exchange.go_to(*this, "/login?bye");
    } else if (path == "/" || path == "/app" || path == "/try" || path == "/poll" ||
               (path == "/note" && is_post)) {
      const auto session = exchange.id.empty() ? std::nullopt : sessions->use(exchange.id);
      if (!session) {
        exchange.go_to(*this, "/login");
        return;
      }
      exchange.person = session->person;
      if (path == "/poll") {
        exchange.answer(*this, HTTPResponse::HTTP_OK, "application/json", "{\"unread\":0}");
      } else if (path == "/note") {
        const Poco::Net::HTMLForm form(request, request.stream());
        write_down(session->person, form.get("text", ""));
        exchange.go_to(*this, "/app");
      } else {
        exchange.answer(*this, HTTPResponse::HTTP_OK, "text/html; charset=utf-8",
                        path == "/try" ? try_page(options)
                                       : app_page(session->person, notes_of(session->person), options));
      }
    } else {
      exchange.answer(*this, HTTPResponse::HTTP_NOT_FOUND, "text/plain", "no such page\n");
    }
  } catch (const std::exception&) {
    // The database is away.
    exchange.answer(*this, HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "text/plain", "try again later\n");
  }
}

void FormsApp::Inside::write_down(const std::string& person, const std::string& text) {
  if (text.empty()) return;
  const std::lock_guard lock(mutex);
  std::deque<std::string>& all = notes[person];
  all.push_back(text.substr(0, longest_note));
  if (all.size() > most_notes) all.pop_front();
}

std::deque<std::string> FormsApp::Inside::notes_of(const std::string& person) {
  const std::lock_guard lock(mutex);
  const auto found = notes.find(person);
  return found == notes.end() ? std::deque<std::string>() : found->second;
}

}  // namespace curfew::forms_app
