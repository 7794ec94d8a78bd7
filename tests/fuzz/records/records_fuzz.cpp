// The first byte chooses: 's', a snapshot; 'e', entries as lines of kind, engine time, occurred-at, source,
// session, subject and facts between tabs. What is read must serve: the engine that comes of it goes on.
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/record.hpp"

namespace {

using namespace curfew;

void require(bool held) {
  if (!held) std::abort();
}

// An hour goes by, with ticks as they fall due.
void live_on(engine::Engine& engine) {
  model::Effects effects;
  const Time until = engine.now() + std::chrono::hours(1);
  for (int i = 0; i < 20; ++i) {
    const auto next = engine.next_deadline();
    if (!next || *next > until) break;
    engine.apply({std::max(*next, engine.now()), model::TickInput{}}, effects);
  }
  for (const auto number : engine.live_sessions()) require(engine.session(number).number == number);
}

void snapshot(std::string_view bytes) {
  model::Symbols symbols;
  engine::Engine engine = engine::Engine::load(bytes, symbols);
  std::string again;
  engine.save([&](std::string_view part) { again += part; });
  model::Symbols others;
  std::string third;
  engine::Engine::load(again, others).save([&](std::string_view part) { third += part; });
  require(again == third);
  if (engine.now() > base::earliest_time && engine.now() < base::latest_time) live_on(engine);
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void entries(std::string_view text) {
  model::Symbols symbols;
  engine::Replayer replayer(engine::Engine(symbols), symbols);
  std::uint64_t sequence = 0;
  Time newest = base::earliest_time;
  while (!text.empty() && sequence < 200) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto field = [&] {
      const std::string_view one = line.substr(0, line.find('\t'));
      line.remove_prefix(std::min(line.size(), one.size() + 1));
      return one;
    };
    model::Entry entry;
    const auto kind = model::parse<model::EntryKind>(field());
    if (!kind) continue;
    entry.kind = *kind;
    // The ledger's reader holds times to their range, and engine time never goes back there.
    entry.engine_time = std::clamp(base::from_micros(number(field())), newest, base::latest_time);
    entry.occurred_at =
        std::clamp(base::from_micros(number(field())), base::earliest_time, base::latest_time);
    newest = entry.engine_time;
    entry.source = field();
    entry.session = model::parse_session_digest(field()).value_or(model::SessionDigest{});
    entry.subject = model::parse_ref(field()).value_or(model::Ref{});
    entry.facts = line;
    static_cast<void>(replayer.feed(sequence++, entry));
  }
  static_cast<void>(replayer.finish());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (data[0] == 's') snapshot(bytes);
    if (data[0] == 'e') entries(bytes);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Corrupt);
  }
  return 0;
}
