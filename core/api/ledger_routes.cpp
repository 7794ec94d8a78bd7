#include <algorithm>

#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"
#include "core/api/tile_path.hpp"
#include "core/base/digest.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::api {
namespace {

using report::JsonWriter;

constexpr Roles readers =
    role_bit(Role::Viewer) | role_bit(Role::Auditor) | role_bit(Role::Operator) | role_bit(Role::Admin);
constexpr Roles auditors = role_bit(Role::Auditor) | role_bit(Role::Admin);

StreamView stream_of(const Services& services, const Request& request) {
  if (!services.streams) throw Problem(501, "not here", "this server has no ledger");
  const std::uint64_t wanted = number_in_path(request, "stream");
  for (StreamView& stream : services.streams()) {
    if (static_cast<std::uint64_t>(stream.stream) == wanted) return std::move(stream);
  }
  throw Problem(404, "no such stream", "the ledger has no stream " + std::to_string(wanted));
}

Response list_streams(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {});
  if (!services.streams) throw Problem(501, "not here", "this server has no ledger");
  std::string out;
  JsonWriter json(out);
  json.begin_object().begin_array("streams");
  for (const StreamView& stream : services.streams()) {
    json.begin_object()
        .number("stream", stream.stream)
        .text("origin", stream.origin)
        .number("size", stream.size);
    json.text("root", base::to_hex(stream.root)).text("checkpoint", stream.checkpoint);
    json.text("verifier_key", stream.verifier_key).end();
  }
  json.end().end();
  return json_response(200, std::move(out));
}

Response show_checkpoint(const StreamView& stream) {
  if (stream.checkpoint.empty()) {
    throw Problem(404, "no checkpoint yet", "nothing has been committed to " + stream.origin);
  }
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = stream.checkpoint;
  return response;
}

Response show_tile(const Services& services, const Request& request) {
  const StreamView stream = stream_of(services, request);
  const auto path = parse_tile_path(request.capture("tile"));
  if (!path) {
    throw Problem(404, "no such tile",
                  "'" + std::string(request.capture("tile")) + "' is not a tile path (C2SP tlog-tiles)");
  }
  const auto& function_missing = path->entries ? !services.entries : !services.tile;
  if (function_missing) throw Problem(501, "not here", "this server serves no tiles");
  const auto bytes = path->entries ? services.entries(stream.stream, path->index, path->width)
                                   : services.tile(stream.stream, path->level, path->index, path->width);
  if (!bytes) throw Problem(404, "no such tile", "the tree of " + stream.origin + " has no such tile yet");
  Response response;
  response.content_type = "application/octet-stream";
  response.body = *bytes;
  if (path->width == full_tile && !path->entries) {
    response.headers.emplace_back("Cache-Control", "private, max-age=31536000, immutable");
  }
  return response;
}

Response show_proof(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {"index", "size"});
  const StreamView stream = stream_of(services, request);
  if (!services.inclusion) throw Problem(501, "not here", "this server makes no proofs");
  if (request.parameter("index") == nullptr) throw Problem(400, "bad parameter", "'index' is required");
  const std::uint64_t size = number_parameter(request, "size", stream.size, INT64_MAX);
  const std::uint64_t index = number_parameter(request, "index", 0, INT64_MAX);
  if (size > stream.size || index >= size) {
    throw Problem(404, "no such entry",
                  "entry " + std::to_string(index) + " is not in a tree of " + std::to_string(size) +
                      " entries; the stream has " + std::to_string(stream.size));
  }
  const auto proof = services.inclusion(stream.stream, index, size);
  if (!proof) throw Problem(404, "no such entry", "the ledger has no such entry");
  std::string out;
  JsonWriter json(out);
  json.begin_object().number("index", proof->index).number("size", proof->size);
  json.text("leaf_hash", base::to_hex(proof->leaf_hash)).text("root", base::to_hex(proof->root));
  json.begin_array("path");
  for (const Digest32& hash : proof->path) json.text({}, base::to_hex(hash));
  json.end().end();
  return json_response(200, std::move(out));
}

}  // namespace

void add_ledger_routes(Router& router, const Services& services) {
  router.add("GET", "/api/v1/ledger/streams", readers,
             [&services](const Request& request) { return list_streams(services, request); });
  // The stream that is being written now: what a cron job saves outside.
  router.add("GET", "/api/v1/ledger/checkpoint", readers, [&services](const Request&) {
    if (!services.streams) throw Problem(501, "not here", "this server has no ledger");
    const std::vector<StreamView> streams = services.streams();
    if (streams.empty()) throw Problem(404, "no checkpoint yet", "the ledger has no stream yet");
    return show_checkpoint(streams.front());
  });
  router.add("GET", "/api/v1/ledger/streams/{stream}/checkpoint", readers,
             [&services](const Request& request) { return show_checkpoint(stream_of(services, request)); });
  router.add("GET", "/api/v1/ledger/streams/{stream}/proof", auditors,
             [&services](const Request& request) { return show_proof(services, request); });
  router.add("GET", "/api/v1/ledger/streams/{stream}/tile/{tile...}", auditors,
             [&services](const Request& request) { return show_tile(services, request); });
}

}  // namespace curfew::api
