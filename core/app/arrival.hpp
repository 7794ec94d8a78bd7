// What waits for the engine, and what the engine hands to the writer.
//
// Threads: values, moved from thread to thread. Owns: themselves. Fails: never.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/connector/admission.hpp"
#include "core/connector/host.hpp"
#include "core/engine/engine.hpp"
#include "core/model/input.hpp"
#include "core/store/store.hpp"

namespace curfew::app {

// What became of a command.
struct Commanded {
  std::vector<model::OrderNumber> orders;  // ordered or moved on by it
  std::string refused;                     // why it was not carried out; empty: it was
};

// A command, and who waits for what it caused. `done` is called after the commit, or never when the daemon
// stops before.
struct Order {
  model::InputBody body;
  std::function<void(const Commanded&)> done;
};

// A record that somebody waits for.
struct Recorded {
  model::Entry entry;
  std::function<void()> done;
};

// New policies, with the references of the names in them.
struct Configured {
  model::ConfigurationInput input;
  std::vector<model::PersonalValue> introduced;
};

// Who is in a group from now on, with the references of names that were not known.
struct Grouped {
  model::GroupsInput input;
  std::vector<model::PersonalValue> introduced;
};

// A question to the engine, asked on its own thread.
struct Inquiry {
  std::function<void(const engine::Engine&)> ask;
};

// The source has no more input (recorded logs), or was given up.
struct Finished {};

// Somebody waits for what this source gave: cursors and memory alone don't wait for their second to pass.
struct Awaited {};

struct Arrival {
  std::string source;        // empty: not from a source
  std::uint64_t ticket = 0;  // counts a source's arrivals; durable when its batch is
  std::variant<connector::Admitted, connector::CursorProgress, store::MemoryUpdate, model::Entry, Recorded,
               Order, Configured, Grouped, Inquiry, model::InputBody, Finished, Awaited>
      body;
};

// A step to carry out, and a question to ask, with the references of the handles that they need.
struct Act {
  model::RunStep step;
  model::Ref handle;
};
struct Ask {
  model::RunProbe probe;
  model::Ref handle;
  model::Ref control_handle;
};

// Something that happened, for who watches.
struct StreamNotice {
  std::string_view event;        // of the stream
  model::OrderNumber order = 0;  // the sign-out that it is about; 0: none
  std::string json;
};

// What is committed at once, and what may happen only then.
struct Batch {
  std::vector<model::Entry> entries;
  store::Extras extras;
  std::vector<Act> acts;
  std::vector<Ask> asks;
  std::vector<model::RunNotice> warnings;  // to be told to people
  std::vector<model::GateEntry> gate;      // what gates must know from then on
  std::vector<model::TokenDenial> denials;
  std::map<std::string, std::uint64_t, std::less<>> tickets;
  std::vector<std::function<void()>> after_commit;
  std::string snapshot;  // the engine's state after this batch; empty: none
  std::string policy_digest;
  std::array<std::uint32_t, model::Names<model::EntryKind>::all.size()> kinds{};  // entries by kind
  double commit_seconds = 0;
  std::vector<StreamNotice> notices;
  std::vector<model::SessionRow> active;  // the minute's flush of last activity; may come without entries

  [[nodiscard]] bool empty() const { return entries.empty() && active.empty() && snapshot.empty(); }
};

}  // namespace curfew::app
