#include <algorithm>

#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"

namespace curfew::api {
namespace {

constexpr std::chrono::milliseconds slice{500};
// Proxies close what is silent for longer.
constexpr std::chrono::seconds heartbeat{10};

void append_event(std::string& out, const Event& event) {
  out += "id: " + std::to_string(event.number) + "\nevent: " + event.name + "\ndata: " + event.data + "\n\n";
}

std::vector<std::string> wanted_events(const Request& request) {
  std::vector<std::string> wanted;
  const std::string text = text_parameter(request, "events");
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    wanted.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return wanted;
}

void watch(Broadcast& broadcast, std::uint64_t from, const std::vector<std::string>& wanted,
           const WriteChunk& write) {
  if (!write(": watching\n\n")) return;
  auto last_write = std::chrono::steady_clock::now();
  while (write("")) {
    const Broadcast::Batch batch = broadcast.take(from, slice);
    std::string out;
    if (batch.lost > 0) out += "event: lost\ndata: {\"events\":" + std::to_string(batch.lost) + "}\n\n";
    for (const auto& event : batch.events) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), event->name) != wanted.end()) {
        append_event(out, *event);
      }
    }
    const auto now = std::chrono::steady_clock::now();
    if (out.empty() && now - last_write >= heartbeat) out = ": still here\n\n";
    if (!out.empty()) {
      if (!write(out)) return;
      last_write = now;
    }
    if (batch.closed && batch.events.empty()) return;
  }
}

}  // namespace

void add_stream_route(Router& router, Broadcast& broadcast) {
  const Roles readers =
      role_bit(Role::Viewer) | role_bit(Role::Auditor) | role_bit(Role::Operator) | role_bit(Role::Admin);
  router.add("GET", "/api/v1/stream", readers, [&broadcast](const Request& request) {
    refuse_unknown_parameters(request, {"events"});
    const std::vector<std::string> wanted = wanted_events(request);
    auto seat = broadcast.sit();
    if (!seat) {
      Problem problem(503, "too many watchers",
                      "all places for live streams are taken; close one or try later");
      problem.retry_after = 10;
      throw problem;
    }
    std::uint64_t from = broadcast.next();
    // A watcher that comes back goes on where it was. An id from before a restart means nothing here: it
    // starts anew.
    if (const auto last = parse_number(request.header("last-event-id")); last && *last < from)
      from = *last + 1;
    Response response;
    response.content_type = "text/event-stream";
    response.stream = [&broadcast, seat, from, wanted](const WriteChunk& write) {
      watch(broadcast, from, wanted, write);
    };
    return response;
  });
}

}  // namespace curfew::api
