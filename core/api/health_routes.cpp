#include "core/api/openapi.hpp"
#include "core/api/routes.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::api {

void add_health_routes(Router& router, const Services& services) {
  // Alive means that this process answers; it asks nothing else, so that a lost database restarts nobody.
  router.add("GET", "/healthz", nobody_in_particular, [](const Request&) {
    Response response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "alive\n";
    return response;
  });

  router.add("GET", "/readyz", nobody_in_particular, [&services](const Request&) {
    std::vector<ReadyCheck> checks;
    if (services.ready) checks = services.ready();
    bool ready = true;
    std::string out;
    report::JsonWriter json(out);
    for (const ReadyCheck& check : checks) ready = ready && check.ok;
    json.begin_object().flag("ready", ready).begin_array("checks");
    for (const ReadyCheck& check : checks) {
      json.begin_object().text("name", check.name).flag("ok", check.ok).text("text", check.text).end();
    }
    json.end().end();
    Response response = json_response(ready ? 200 : 503, std::move(out));
    if (!ready) response.headers.emplace_back("Retry-After", "5");
    return response;
  });

  router.add("GET", "/api/v1/openapi.json", nobody_in_particular,
             [](const Request&) { return json_response(200, std::string(openapi_document())); });
}

void add_metrics_route(Router& router, const Services& services) {
  router.add("GET", "/metrics", nobody_in_particular, [&services](const Request&) {
    if (!services.metrics) throw Problem(501, "not here", "this listener has no metrics");
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = services.metrics();
    return response;
  });
}

}  // namespace curfew::api
