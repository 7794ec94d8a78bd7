// The OpenAPI file and the running server, held against each other both ways.
#include <nlohmann/json.hpp>

#include <set>

#include "core/api/openapi.hpp"
#include "core/base/time.hpp"
#include "running_server.hpp"

namespace curfew::api {
namespace {

using nlohmann::json;

const json& document() {
  static const json parsed = json::parse(openapi_document());
  return parsed;
}

const json& resolved(const json& schema) {
  if (!schema.contains("$ref")) return schema;
  const std::string pointer = schema["$ref"].get<std::string>().substr(1);
  return document().at(json::json_pointer(pointer));
}

bool is_of_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  return false;
}

// The part of JSON Schema that the document uses for answers. An unexpected field is a complaint too: what
// the server says must be documented.
void complaints(const json& value, const json& unresolved, const std::string& where,
                std::vector<std::string>& out) {
  const json& schema = resolved(unresolved);
  if (schema.contains("type")) {
    const json types = schema["type"].is_array() ? schema["type"] : json::array({schema["type"]});
    bool fits = false;
    for (const auto& type : types) fits = fits || is_of_type(value, type.get<std::string>());
    if (!fits) {
      out.push_back(where + ": is " + value.dump() + ", not of type " + types.dump());
      return;
    }
  }
  if (schema.contains("enum")) {
    const auto& names = schema["enum"];
    if (std::find(names.begin(), names.end(), value) == names.end())
      out.push_back(where + ": unknown " + value.dump());
  }
  if (schema.value("format", "") == "date-time" && value.is_string() &&
      !base::parse_rfc3339(value.get<std::string>())) {
    out.push_back(where + ": is no time");
  }
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      complaints(value[i], schema["items"], where + "/" + std::to_string(i), out);
    }
  }
  if (!value.is_object() || !schema.contains("properties")) return;
  for (const auto& name : schema.value("required", json::array())) {
    if (!value.contains(name.get<std::string>())) out.push_back(where + ": lacks " + name.get<std::string>());
  }
  for (const auto& [name, member] : value.items()) {
    if (!schema["properties"].contains(name)) {
      out.push_back(where + ": has the undocumented field " + name);
    } else {
      complaints(member, schema["properties"][name], where + "/" + name, out);
    }
  }
}

std::string content_type_of(const Reply& reply) {
  const std::string header = reply.header("content-type");
  return header.substr(0, header.find(';'));
}

// Compares one answer with what the document says of it.
void expect_documented(const json& operation, const Reply& reply, const std::string& what) {
  const json& responses = operation.at("responses");
  const std::string status = std::to_string(reply.status);
  if (!responses.contains(status) && responses.contains("default")) return;
  ASSERT_TRUE(responses.contains(status)) << what << ": answers " << status << ", which is not documented\n"
                                          << reply.body;
  if (!responses[status].contains("content")) {
    EXPECT_EQ(reply.body, "") << what;
    return;
  }
  const json& content = responses[status].at("content");
  ASSERT_TRUE(content.contains(content_type_of(reply)))
      << what << ": answers with " << reply.header("content-type");
  const std::string type = content_type_of(reply);
  if (type.find("json") == std::string::npos) return;
  std::vector<std::string> wrong;
  complaints(json::parse(reply.body), content[type]["schema"], "", wrong);
  EXPECT_TRUE(wrong.empty()) << what << " " << status << "\n" << json(wrong).dump(1) << "\n" << reply.body;
}

std::string filled_in(std::string path) {
  const std::vector<std::pair<std::string, std::string>> values{
      {"{number}", "1"},   {"{source}", "crm-forms"}, {"{stream}", "1"},
      {"{tile}", "0/000"}, {"{path}", "some/thing"},  {"{id}", "stream-1"}};
  for (const auto& [name, value] : values) {
    if (const std::size_t at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
  }
  return path.ends_with("/proof") ? path + "?index=7" : path;
}

// One that may ask.
std::string token_for(const json& operation) {
  if (operation["security"].empty()) return RunningServer::admin;
  const json& roles = operation["security"][0]["token"];
  return std::find(roles.begin(), roles.end(), "admin") == roles.end() ? RunningServer::receiver
                                                                       : RunningServer::admin;
}

std::string body_for(const std::string& operation) {
  if (operation == "order_sign_out") return R"({"session":3,"reason":"left the company"})";
  if (operation == "preview_sign_out") return R"({"select":{"sources":["crm-forms"],"idle_over":"1h"}})";
  if (operation.ends_with("_held_sign_outs")) return R"({"policy":"office-day","reason":"wrong limit"})";
  if (operation == "resolve_names") return R"({"refs":["000000000000abc3"],"reason":"ticket 12"})";
  if (operation == "ingest") return R"({"type":"sign_in","occurred_at":"2026-11-21T08:00:00Z","key":"a"})";
  return R"({"reason":"asked by phone"})";
}

std::string value_for(const json& schema) {
  if (schema.contains("enum")) return schema["enum"][0].get<std::string>();
  if (schema.contains("examples")) return schema["examples"][0].get<std::string>();
  if (schema.contains("pattern")) return "000000000000abc3";
  if (schema.value("format", "") == "date-time") return "2026-11-21T08:00:00Z";
  if (schema["type"] == "boolean") return "true";
  return schema["type"] == "integer" ? "1" : "session";
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

class OpenApi : public RunningServer {
 protected:
  OpenApi() {
    start_operator();
    start_sources();
  }
  const Server& server_of(const std::string& path) {
    for (const char* own : {"/sources/", "/open/", "/signals/", "/.well-known/"}) {
      if (path.starts_with(own)) return *sources_;
    }
    return *operator_;
  }
  template <typename Check>
  void for_each_operation(const Check& check) {
    for (const auto& [path, methods] : document()["paths"].items()) {
      for (const auto& [method, operation] : methods.items()) check(path, upper(method), operation);
    }
  }
};

TEST_F(OpenApi, TheServedDocumentIsTheOneInTheSource) {
  EXPECT_EQ(get("/api/v1/openapi.json", "").body, openapi_document());
  EXPECT_EQ(document()["openapi"], "3.1.0");
}

TEST_F(OpenApi, EveryDocumentedOperationAnswersAsDocumented) {
  std::size_t checked = 0;
  for_each_operation([&](const std::string& path, const std::string& method, const json& operation) {
    if (path == "/api/v1/stream") return;  // never ends by itself: see TheStreamIsDocumented
    ++checked;
    const std::string id = operation["operationId"].get<std::string>();
    const Reply reply = ask(server_of(path), method, filled_in(path), token_for(operation),
                            method == "GET" ? "" : body_for(id));
    EXPECT_LT(reply.status, 300) << id << " " << reply.body;
    expect_documented(operation, reply, id);
  });
  EXPECT_GT(checked, 20U);
}

TEST_F(OpenApi, EveryRefusalIsAsDocumented) {
  for_each_operation([&](const std::string& path, const std::string& method, const json& operation) {
    const std::string id = operation["operationId"].get<std::string>();
    const bool protected_path = !operation["security"].empty();
    const Reply without = ask(server_of(path), method, filled_in(path), "", body_for(id));
    expect_documented(operation, without, id);
    EXPECT_EQ(without.status == 401, protected_path) << id;
    if (method != "GET")
      expect_documented(operation, ask(server_of(path), method, filled_in(path), token_for(operation), "{"),
                        id);
    if (method == "GET" && protected_path) {
      const Reply odd = ask(server_of(path), method,
                            filled_in(path) + (path.ends_with("/proof") ? "&" : "?") + "limit=x", viewer);
      expect_documented(operation, odd, id);
    }
  });
}

TEST_F(OpenApi, TheRolesInTheDocumentAreThoseOfTheRoutes) {
  for_each_operation([&](const std::string& path, const std::string& method, const json& operation) {
    Roles documented = nobody_in_particular;
    for (const auto& requirement : operation["security"]) {
      for (const auto& role : requirement["token"]) {
        documented |= role_bit(model::parse<Role>(role.get<std::string>()).value());
      }
    }
    const Match match = server_of(path).dispatcher().router().match(
        method, filled_in(path).substr(0, filled_in(path).find('?')));
    ASSERT_NE(match.route, nullptr) << method << " " << path;
    EXPECT_EQ(match.route->roles, documented) << method << " " << path;
  });
}

TEST_F(OpenApi, EveryQueryParameterInTheDocumentIsTakenAndNoOther) {
  std::size_t checked = 0;
  for_each_operation([&](const std::string& path, const std::string& method, const json& operation) {
    if (path == "/api/v1/stream" || !operation.contains("parameters")) return;
    const std::string bare = filled_in(path).substr(0, filled_in(path).find('?'));
    std::string query;
    for (const json& parameter : operation["parameters"]) {
      if (parameter["in"] != "query") continue;
      query += (query.empty() ? "?" : "&") + parameter["name"].get<std::string>() + "=" +
               value_for(parameter["schema"]);
      ++checked;
    }
    if (query.empty()) return;
    const Reply all = ask(server_of(path), method, bare + query, token_for(operation));
    EXPECT_NE(all.status, 400) << path << query << "\n" << all.body;
    const Reply odd = ask(server_of(path), method, bare + query + "&undocumented=1", token_for(operation));
    EXPECT_EQ(odd.status, 400) << path << "\n" << odd.body;
  });
  EXPECT_GT(checked, 15U);
}

TEST_F(OpenApi, EveryRouteIsDocumented) {
  std::set<std::string> documented;
  for_each_operation([&](const std::string& path, const std::string& method, const json&) {
    documented.insert(method + " " + path);
  });
  for (const Server* server : {operator_.get(), sources_.get()}) {
    for (const Route& route : server->dispatcher().router().routes()) {
      std::string path = route.pattern;
      if (const std::size_t dots = path.find("...}"); dots != std::string::npos) path.replace(dots, 4, "}");
      EXPECT_TRUE(documented.contains(route.method + " " + path)) << route.method << " " << path;
    }
  }
}

TEST_F(OpenApi, EveryObservationFieldInTheDocumentIsTaken) {
  const json full = {{"type", "sign_in_failed"},
                     {"occurred_at", "2026-11-21T08:00:00Z"},
                     {"key", "full"},
                     {"session", {{"id", "s1"}}},
                     {"linked_session", {{"digest", "000102030405060708090a0b0c0d0e0f"}}},
                     {"handle", "0x1f2e"},
                     {"identifiers", json::array({{{"namespace", "upn"}, {"value", "alice@corp.test"}}})},
                     {"account_type", "human"},
                     {"activity_class", "person"},
                     {"auth_method", "form"},
                     {"interactivity", "interactive"},
                     {"end_reason", "unknown"},
                     {"end_certainty", "stated"},
                     {"fresh_credentials", true},
                     {"privileged", false},
                     {"factors", 2},
                     {"count", 1},
                     {"expires_at", "2026-11-22T08:00:00Z"},
                     {"device", "PC-7"},
                     {"address", "10.0.0.7"},
                     {"user_agent", "Firefox"},
                     {"application", "crm"},
                     {"failure", "bad_password"}};
  for (const auto& [name, schema] :
       document()["components"]["schemas"]["Observation"]["properties"].items()) {
    EXPECT_TRUE(full.contains(name)) << "this test doesn't send the documented field " << name;
  }
  const Reply reply = post("/api/v1/ingest/crm-forms", full.dump(), pusher);
  EXPECT_EQ(reply.status, 202) << reply.body;
}

}  // namespace
}  // namespace curfew::api
