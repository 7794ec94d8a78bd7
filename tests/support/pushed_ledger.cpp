#include "tests/support/pushed_ledger.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "core/api/ingest.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/engine/record.hpp"

namespace curfew::support {
namespace {

using std::chrono::milliseconds;

constexpr const char* source_name = "crm";
constexpr std::uint64_t lines_a_push = 1'000;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E37'79B9'7F4A'7C15ULL;
  x = (x ^ x >> 30) * 0xBF58'476D'1CE4'E5B9ULL;
  x = (x ^ x >> 27) * 0x94D0'49BB'1331'11EBULL;
  return x ^ x >> 31;
}

struct Line {
  std::string& out;
  void text(const char* key, const std::string& value) {
    out += std::string(",\"") + key + "\":\"" + value + '"';
  }
};

// Two sessions a person, five a device; 40 addresses of an office each.
void add_line(const PushedWorld& world, std::uint64_t number, std::string& out) {
  const bool opens = number < world.sessions;
  const std::uint64_t turn = number % world.short_every;
  const std::uint64_t half = world.short_every / 2;
  std::string type = opens ? "sign_in" : "activity";
  std::uint64_t session = opens ? number : mix(number) % world.sessions;
  std::string id = "session-" + std::to_string(session);
  if (!opens && (turn == half || turn == 0)) {
    type = turn == half ? "sign_in" : "sign_out";
    session = turn == half ? number : number - half;
    id = "short-" + std::to_string(session);
  }
  const bool fails = !opens && number % 100 == 25;
  if (fails) type = "sign_in_failed";
  const std::uint64_t person = fails ? mix(number) % 50 : session / 2 % (world.sessions / 2 + 1);

  const Time at = world.began + static_cast<std::int64_t>(number) * world.step;
  out += "{\"type\":\"" + type + '"';
  Line line{out};
  line.text("occurred_at", base::format_rfc3339(at));
  line.text("key", "event-" + std::to_string(number));
  if (!fails) out += ",\"session\":{\"id\":\"" + id + "\"}";
  out +=
      R"(,"identifiers":[{"namespace":"upn","value":"person)" + std::to_string(person) + R"(@corp.test"}])";
  line.text("account_type", person % 20 == 0 ? "service" : "human");
  line.text("application", session % 20 / 2 == 1 ? "billing" : "crm");
  line.text("address", "10.1." + std::to_string(person % 200) + "." + std::to_string(session % 40 + 1));
  if (type == "sign_in") {
    line.text("handle", "handle-of-" + id);
    line.text("auth_method", "form");
    line.text("interactivity", "interactive");
    line.text("device", "WS-" + std::to_string(session / 5));
    line.text("user_agent", "Mozilla/5.0 X11 Linux x86_64 rv:" + std::to_string(100 + session % 30));
  }
  if (fails) line.text("failure", "bad_password");
  out += "}\n";
}

model::Policy policy(const std::string& name, model::Rule rule, Duration limit) {
  model::Policy policy;
  policy.name = name;
  policy.rule = rule;
  policy.limit = limit;
  policy.warn_before = std::chrono::minutes(5);
  policy.most = 3;
  policy.window = std::chrono::minutes(10);
  policy.scope.account_types = {model::AccountType::Human};
  return policy;
}

}  // namespace

std::string lines_of(const PushedWorld& world, std::uint64_t from, std::uint64_t to) {
  std::string out;
  out.reserve((to - from) * 320);
  for (std::uint64_t number = from; number < to; ++number) add_line(world, number, out);
  return out;
}

app::PipelineOptions options_for(const PushedWorld& world, const std::string& folder,
                                 const store::ConnectionInfo& database) {
  app::PipelineOptions options;
  options.database = database;
  app::Settings& settings = options.settings;
  settings.realm = "restart";
  settings.node = "one";
  settings.data = folder;
  settings.ledger.snapshot_every = world.snapshot_every;
  app::SourceSettings& source = settings.sources.emplace_back();
  source.name = source_name;
  source.ingest = true;
  source.may_teach = {"upn"};
  constexpr std::array rules{model::Rule::SessionTimeout, model::Rule::InactivityTimeout,
                             model::Rule::ConcurrentSessions, model::Rule::FailedSignIns,
                             model::Rule::ActivityAfterEnd};
  for (std::size_t i = 0; i < 11; ++i)
    settings.policies.push_back(
        policy("policy-" + std::to_string(i), rules.at(i % rules.size()), world.limit));
  settings.policies.push_back(policy("one-billing-session", model::Rule::ConcurrentSessions, world.limit));
  settings.policies.back().scope.applications = {"billing"};
  settings.policies.back().most = 1;
  return options;
}

void push(app::Pipeline& pipeline, std::string_view lines) {
  const std::string key = pipeline.digest_key(source_name);
  const auto digest = [&](std::string_view id) { return model::SessionDigest{base::keyed_digest(key, id)}; };
  app::Intake& intake = pipeline.intake();
  for (const model::Observation& observation :
       api::parse_observations(lines, api::BodyForm::Lines, digest, {})) {
    while (true) {
      const app::Offer offer = intake.offer(source_name, observation);
      if (offer == app::Offer::Taken || offer == app::Offer::Repeat) break;
      if (offer != app::Offer::Full)
        throw Error(ErrorKind::Internal, "an observation of the made world was refused: " + observation.key);
      if (const auto failure = pipeline.failure()) throw Error(ErrorKind::Unavailable, *failure);
      (void)intake.await_durable(source_name, milliseconds(5));
    }
  }
}

void push(app::Pipeline& pipeline, const PushedWorld& world, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t at = from; at < to; at += lines_a_push)
    push(pipeline, lines_of(world, at, std::min(to, at + lines_a_push)));
}

void await_durable(app::Pipeline& pipeline) {
  while (!pipeline.intake().await_durable(source_name, std::chrono::seconds(1))) {
    if (const auto failure = pipeline.failure()) throw Error(ErrorKind::Unavailable, *failure);
  }
}

std::string state_digest(engine::Engine& engine, Time at) {
  (void)engine.take_active_since_last_flush();
  model::Effects effects;
  engine.apply({.at = at, .body = model::TickInput{}}, effects);
  base::Sha256 hash;
  engine.save([&](std::string_view part) { hash.update(part); });
  return base::to_hex(hash.finish());
}

engine::Engine full_fold(store::Store& store, model::Symbols& symbols) {
  engine::Engine engine(symbols);
  engine::InputReader reader(symbols);
  model::Effects effects;
  for (const store::StreamHead& stream : store.streams()) {
    store.read_entries(stream.stream, 0, stream.size, [&](ledger::SealedEntry&& row) {
      if (auto input = reader.read(row.entry)) engine.apply(*input, effects);
      return true;
    });
  }
  return engine;
}

}  // namespace curfew::support
