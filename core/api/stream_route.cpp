#include <algorithm>

#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"
#include "core/report/rows_json.hpp"

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

// What a watcher asked for.
struct Wish {
  std::vector<std::string> events;  // empty: all
  std::uint64_t sign_out = 0;       // 0: also what is about no sign-out
  std::string first;                // said before all else
  bool concluded = false;           // there is no more to come

  [[nodiscard]] bool wants(const Event& event) const {
    return (events.empty() || std::find(events.begin(), events.end(), event.name) != events.end()) &&
           (sign_out == 0 || event.sign_out == sign_out);
  }
};

void watch(Broadcast& broadcast, std::uint64_t from, const Wish& wish, const WriteChunk& write) {
  if (!write(": watching\n\n" + wish.first) || wish.concluded) return;
  auto last_write = std::chrono::steady_clock::now();
  while (write("")) {
    const Broadcast::Batch batch = broadcast.take(from, slice);
    std::string out;
    if (batch.lost > 0) out += "event: lost\ndata: {\"events\":" + std::to_string(batch.lost) + "}\n\n";
    bool concluded = false;
    for (const auto& event : batch.events) {
      if (wish.wants(*event)) append_event(out, *event);
      concluded |= wish.sign_out != 0 && event->sign_out == wish.sign_out && event->concludes;
    }
    const auto now = std::chrono::steady_clock::now();
    if (out.empty() && now - last_write >= heartbeat) out = ": still here\n\n";
    if (!out.empty()) {
      if (!write(out)) return;
      last_write = now;
    }
    if (concluded || (batch.closed && batch.events.empty())) return;
  }
}

}  // namespace

void add_stream_route(Router& router, Broadcast& broadcast, const Services& services) {
  const Roles readers =
      role_bit(Role::Viewer) | role_bit(Role::Auditor) | role_bit(Role::Operator) | role_bit(Role::Admin);
  router.add("GET", "/api/v1/stream", readers, [&broadcast, &services](const Request& request) {
    refuse_unknown_parameters(request, {"events", "sign_out"});
    Wish wish;
    wish.events = wanted_events(request);
    wish.sign_out = number_parameter(request, "sign_out", 0, INT64_MAX);
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
    // Looked up after the place in the stream is taken, so that nothing falls between the two.
    if (wish.sign_out != 0) {
      const auto row = services.sign_out ? services.sign_out(wish.sign_out) : std::nullopt;
      if (!row)
        throw Problem(404, "no such sign-out", "there is no sign-out " + std::to_string(wish.sign_out));
      wish.first = "event: sign_out\ndata: " + report::to_json(*row) + "\n\n";
      wish.concluded = row->concluded_at != Time{};
    }
    Response response;
    response.content_type = "text/event-stream";
    response.stream = [&broadcast, seat, from, wish](const WriteChunk& write) {
      watch(broadcast, from, wish, write);
    };
    return response;
  });
}

}  // namespace curfew::api
