#include "core/engine/record.hpp"

#include "core/base/error.hpp"
#include "core/model/json_object.hpp"
#include "core/model/json_reading.hpp"

namespace curfew::engine {
namespace {

using model::Entry;
using model::EntryKind;
using model::JsonObject;

// Room for the leaf's other fields, and for the escapes of a part inside its own JSON text.
constexpr std::size_t part_size = model::max_leaf_bytes / 2 - 2'000;

Entry entry_of(EntryKind kind, const model::Input& input, const model::Effects& effects) {
  Entry entry;
  entry.kind = kind;
  entry.engine_time = input.at;
  entry.subject = effects.subject;
  return entry;
}

// Cut between characters, so that each part is clean UTF-8.
std::vector<std::string_view> cut(std::string_view text) {
  std::vector<std::string_view> parts;
  while (text.size() > part_size) {
    std::size_t at = part_size;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at);
  }
  parts.push_back(text);
  return parts;
}

std::string groups_text(const model::GroupsInput& groups, std::size_t first, std::size_t last) {
  std::string members;
  JsonObject list(members);
  list.text("provider", groups.provider);
  list.text("group", groups.group);
  list.begin("members");
  members += '[';
  for (std::size_t i = first; i < last; ++i) {
    if (i > first) members += ',';
    members += '"' + to_text(groups.members[i]) + '"';
  }
  members += ']';
  list.end();
  return members;
}

// One leaf, or several with "part" and "of" when the text is too long for one.
void append_parts(std::vector<Entry>& out, const Entry& pattern, std::string_view text) {
  const auto parts = cut(text);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Entry& entry = out.emplace_back(pattern);
    JsonObject o(entry.facts);
    o.number("part", i + 1);
    o.number("of", parts.size());
    o.text("text", parts[i]);
    o.end();
  }
}

struct ToEntries {
  const model::Input& input;
  const model::Effects& effects;
  const model::Symbols& symbols;
  std::vector<Entry> out;

  Entry& add(EntryKind kind) { return out.emplace_back(entry_of(kind, input, effects)); }

  void operator()(const model::Facts& facts) {
    Entry& entry = add(EntryKind::Observation);
    entry.occurred_at = facts.occurred_at;
    entry.source = symbols.text(facts.source);
    entry.session = facts.session;
    entry.facts = to_json(facts, symbols);
  }
  void operator()(const model::ProgressInput& progress) {
    Entry& entry = add(EntryKind::Progress);
    entry.source = progress.source;
    JsonObject o(entry.facts);
    o.time("observed_until", progress.observed_until);
    o.flag("caught_up", progress.caught_up);
    o.flag("closed", progress.closed);
    o.end();
  }
  void operator()(const model::StartedInput& started) {
    JsonObject o(add(EntryKind::Started).facts);
    o.text("version", started.version);
    o.end();
  }
  void operator()(const model::TickInput&) {
    JsonObject o(add(EntryKind::Tick).facts);
    o.end();
  }
  void operator()(const model::ClockInput& clock) {
    JsonObject o(add(EntryKind::Clock).facts);
    o.time("from", clock.from);
    o.time("to", clock.to);
    o.end();
  }
  void operator()(const model::ConfigurationInput& configuration) {
    std::string text;
    JsonObject o(text);
    o.text("digest", configuration.digest);
    o.raw("set", to_json(configuration.set));
    o.end();
    append_parts(out, entry_of(EntryKind::Configuration, input, effects), text);
  }
  void operator()(const model::GroupsInput& groups) {
    append_parts(out, entry_of(EntryKind::Groups, input, effects),
                 groups_text(groups, 0, groups.members.size()));
  }
  void operator()(const model::CommandInput& command) {
    JsonObject o(add(EntryKind::Command).facts);
    o.name("verb", command.verb);
    o.text("by", command.by);
    o.text("reason", command.reason);
    o.number("session_number", command.session);
    o.text("subject", to_text(command.subject));
    if (command.selection.asks()) o.raw("selection", to_json(command.selection));
    if (command.at_most != 0) o.number("at_most", command.at_most);
    o.number("order", command.order);
    o.text_unless_empty("held_of", command.held_of);
    o.raw("ladder", to_json(command.ladder));
    o.end();
  }
  void operator()(const model::AnswerInput& answer) {
    JsonObject o(add(EntryKind::Answer).facts);
    o.number("order", answer.order);
    o.number("step", answer.step);
    o.name("code", answer.code);
    o.text("text", answer.text);
    o.end();
  }
  void operator()(const model::ProbeInput& probe) {
    JsonObject o(add(EntryKind::Probe).facts);
    o.number("order", probe.order);
    o.number("step", probe.step);
    o.number("probe", probe.probe);
    o.name("session", probe.session);
    o.name("control", probe.control);
    o.text("text", probe.text);
    o.end();
  }
};

// Calls take(key, value) for each field; false is a field that nobody knows.
template <typename Take>
void each_field(std::string_view json, EntryKind kind, Take take) {
  simdjson::dom::parser parser;
  for (const auto [key, value] : model::json_object(parser, json, name_of(kind))) {
    if (!take(key, value))
      model::corrupt_field(key, "is not a field of '" + std::string(name_of(kind)) + "'");
  }
}

model::ProgressInput read_progress(const Entry& entry) {
  model::ProgressInput progress;
  progress.source = entry.source;
  each_field(entry.facts, entry.kind, [&](std::string_view key, simdjson::dom::element value) {
    if (key == "observed_until")
      model::read(value, key, progress.observed_until);
    else if (key == "caught_up")
      model::read(value, key, progress.caught_up);
    else if (key == "closed")
      model::read(value, key, progress.closed);
    else
      return false;
    return true;
  });
  return progress;
}

model::CommandInput read_command(const Entry& entry) {
  model::CommandInput command;
  each_field(entry.facts, entry.kind, [&](std::string_view key, simdjson::dom::element value) {
    if (key == "verb")
      model::read(value, key, command.verb);
    else if (key == "by")
      model::read(value, key, command.by);
    else if (key == "reason")
      model::read(value, key, command.reason);
    else if (key == "session_number")
      model::read(value, key, command.session);
    else if (key == "subject")
      model::read(value, key, command.subject);
    else if (key == "order")
      model::read(value, key, command.order);
    else if (key == "selection")
      command.selection = model::selection_from_json(simdjson::to_string(value));
    else if (key == "at_most")
      model::read(value, key, command.at_most);
    else if (key == "held_of")
      model::read(value, key, command.held_of);
    else if (key == "ladder")
      command.ladder = model::ladder_from_json(simdjson::to_string(value));
    else
      return false;
    return true;
  });
  return command;
}

model::AnswerInput read_answer(const Entry& entry) {
  model::AnswerInput answer;
  each_field(entry.facts, entry.kind, [&](std::string_view key, simdjson::dom::element value) {
    if (key == "order")
      model::read(value, key, answer.order);
    else if (key == "step")
      model::read(value, key, answer.step);
    else if (key == "code")
      model::read(value, key, answer.code);
    else if (key == "text")
      model::read(value, key, answer.text);
    else
      return false;
    return true;
  });
  return answer;
}

model::ProbeInput read_probe(const Entry& entry) {
  model::ProbeInput probe;
  each_field(entry.facts, entry.kind, [&](std::string_view key, simdjson::dom::element value) {
    if (key == "order")
      model::read(value, key, probe.order);
    else if (key == "step")
      model::read(value, key, probe.step);
    else if (key == "probe")
      model::read(value, key, probe.probe);
    else if (key == "session")
      model::read(value, key, probe.session);
    else if (key == "control")
      model::read(value, key, probe.control);
    else if (key == "text")
      model::read(value, key, probe.text);
    else
      return false;
    return true;
  });
  return probe;
}

model::ConfigurationInput read_configuration(std::string_view text) {
  model::ConfigurationInput configuration;
  each_field(text, EntryKind::Configuration, [&](std::string_view key, simdjson::dom::element value) {
    if (key == "digest")
      model::read(value, key, configuration.digest);
    else if (key == "set")
      configuration.set = model::policy_set_from_json(simdjson::to_string(value));
    else
      return false;
    return true;
  });
  return configuration;
}

model::GroupsInput read_groups(std::string_view text) {
  model::GroupsInput groups;
  each_field(text, EntryKind::Groups, [&](std::string_view key, simdjson::dom::element value) {
    if (key == "provider")
      model::read(value, key, groups.provider);
    else if (key == "group")
      model::read(value, key, groups.group);
    else if (key == "members")
      model::read(value, key, groups.members);
    else
      return false;
    return true;
  });
  return groups;
}

}  // namespace

std::vector<Entry> to_entries(const model::Input& input, const model::Effects& effects,
                              const model::Symbols& symbols) {
  ToEntries to{input, effects, symbols, {}};
  std::visit(to, input.body);
  return std::move(to.out);
}

std::optional<std::string> InputReader::complete(const Entry& entry) {
  std::size_t part = 0;
  std::size_t of = 0;
  std::string text;
  each_field(entry.facts, entry.kind, [&](std::string_view key, simdjson::dom::element value) {
    if (key == "part")
      model::read(value, key, part);
    else if (key == "of")
      model::read(value, key, of);
    else if (key == "text")
      model::read(value, key, text);
    else
      return false;
    return true;
  });
  if (part != parts_.size() + 1 || part > of) model::corrupt_field("part", "is out of its order");
  parts_.push_back(std::move(text));
  if (part < of) return std::nullopt;
  std::string whole;
  for (const std::string& piece : parts_) whole += piece;
  parts_.clear();
  return whole;
}

std::optional<model::Input> InputReader::read(const Entry& entry) {
  if (!parts_.empty() && entry.kind != EntryKind::Configuration && entry.kind != EntryKind::Groups)
    model::corrupt_field("part", "is missing: another entry stands among the parts");
  model::Input input;
  input.at = entry.engine_time;
  switch (entry.kind) {
    case EntryKind::Observation: {
      model::Facts facts = model::facts_from_json(entry.facts, symbols_);
      facts.source = symbols_.intern(entry.source);
      facts.session = entry.session;
      facts.occurred_at = entry.occurred_at;
      input.body = facts;
      return input;
    }
    case EntryKind::Progress:
      input.body = read_progress(entry);
      return input;
    case EntryKind::Started: {
      model::StartedInput started;
      each_field(entry.facts, entry.kind, [&](std::string_view key, simdjson::dom::element value) {
        if (key != "version") return false;
        model::read(value, key, started.version);
        return true;
      });
      input.body = started;
      return input;
    }
    case EntryKind::Tick:
      input.body = model::TickInput{};
      return input;
    case EntryKind::Clock: {
      model::ClockInput clock;
      each_field(entry.facts, entry.kind, [&](std::string_view key, simdjson::dom::element value) {
        if (key != "from" && key != "to") return false;
        model::read(value, key, key == "from" ? clock.from : clock.to);
        return true;
      });
      input.body = clock;
      return input;
    }
    case EntryKind::Configuration:
    case EntryKind::Groups: {
      const auto text = complete(entry);
      if (!text) return std::nullopt;
      if (entry.kind == EntryKind::Configuration)
        input.body = read_configuration(*text);
      else
        input.body = read_groups(*text);
      return input;
    }
    case EntryKind::Command:
      input.body = read_command(entry);
      return input;
    case EntryKind::Answer:
      input.body = read_answer(entry);
      return input;
    case EntryKind::Probe:
      input.body = read_probe(entry);
      return input;
    default:
      return std::nullopt;
  }
}

}  // namespace curfew::engine
