#include "tests/integration/acts/trail.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

namespace curfew::acts_test {
namespace {

using nlohmann::json;

std::string name_of(const Entry& intent) {
  return "order " + std::to_string(intent.order) + " step " + std::to_string(intent.step) + " (" +
         intent.action + ", entry " + std::to_string(intent.sequence) + ")";
}

bool is_of(const Entry& entry, const char* kind, const Entry& intent) {
  return entry.kind == kind && entry.order == intent.order && entry.step == intent.step;
}

// The first start after an intent whose answer came not before it; the end: there is none.
std::vector<Entry>::const_iterator start_without_answer(const std::vector<Entry>& ledger,
                                                        std::vector<Entry>::const_iterator intent) {
  const auto next = std::find_if(intent, ledger.end(), [&](const Entry& entry) {
    return entry.kind == "started" || is_of(entry, "answer", *intent);
  });
  return next != ledger.end() && next->kind == "started" ? next : ledger.end();
}

void check_looks(const std::vector<Entry>& ledger, std::vector<std::string>& wrong) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, const Entry*> intents;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> looked;
  std::set<std::pair<std::uint64_t, std::uint64_t>> all_intents, doubtful, may_be_meant_again;
  for (const Entry& entry : ledger) {
    const std::pair step{entry.order, entry.step};
    if (entry.kind == "started") doubtful = all_intents;
    if (entry.kind == "probe") {
      looked[step] = entry.sequence;
      if (entry.session == "alive" && doubtful.contains(step)) may_be_meant_again.insert(step);
    }
    if (entry.kind != "intent" || entry.revert) continue;
    if (!all_intents.insert(step).second && may_be_meant_again.erase(step) == 0)
      wrong.push_back(name_of(entry) + " was meant to be carried out twice");
    doubtful.erase(step);
    intents[step] = &entry;
    if (!looked.contains(step)) wrong.push_back(name_of(entry) + " was not looked at before");
    if (entry.step == 0) continue;
    const auto before = intents.find({entry.order, entry.step - 1});
    if (before == intents.end())
      wrong.push_back(name_of(entry) + " follows no step");
    else if (const auto look = looked.find(before->first);
             look == looked.end() || look->second < before->second->sequence)
      wrong.push_back(name_of(entry) + " follows a step at whose effect nobody looked");
  }
}

}  // namespace

std::vector<Act> read_acts(const std::filesystem::path& file) {
  std::vector<Act> acts;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const json act = json::parse(line);
    acts.push_back({.at = act["at"],
                    .step = act["step"],
                    .digest = act["digest"],
                    .revert = act["revert"],
                    .ended_something = !act["ended"].empty()});
  }
  return acts;
}

std::vector<Entry> read_trail(store::ServerConnection& database) {
  const store::Answer rows = database.query(
      "SELECT sequence, kind, encode(session, 'hex'), recorded_at, facts, "
      "(extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint "
      "FROM curfew.entry WHERE kind IN ('intent', 'answer', 'probe', 'started') ORDER BY stream, sequence",
      {});
  std::vector<Entry> entries;
  for (int row = 0; row < rows.rows(); ++row) {
    const json facts = json::parse(rows.text(row, 4));
    entries.push_back({.sequence = rows.number(row, 0),
                       .kind = rows.text(row, 1),
                       .digest = rows.text(row, 2),
                       .recorded_at = rows.number(row, 3),
                       .committed_at = rows.number(row, 5),
                       .order = facts.value("order", std::uint64_t{0}),
                       .step = facts.value("step", std::uint64_t{0}),
                       .action = facts.value("action", ""),
                       .revert = facts.value("revert", false),
                       .session = rows.text(row, 1) == "probe" ? facts.value("session", "") : ""});
  }
  return entries;
}

std::vector<std::string> wrong_with(const std::vector<Act>& acts, const std::vector<Entry>& ledger) {
  std::vector<std::string> wrong;
  using Key = std::tuple<std::string, std::string, bool>;
  std::map<Key, std::vector<std::vector<Entry>::const_iterator>> intents;
  for (auto entry = ledger.begin(); entry != ledger.end(); ++entry) {
    if (entry->kind == "intent") intents[{entry->digest, entry->action, entry->revert}].push_back(entry);
  }
  std::set<std::int64_t> done;
  for (const Act& act : acts) {
    const Key key{act.digest, act.step, act.revert};
    const std::string name = act.step + " of session " + act.digest;
    // The newest intent that was durable by then: an older one may never have been carried out.
    const auto& meant = intents[key];
    const auto last = std::find_if(meant.rbegin(), meant.rend(),
                                   [&](const auto& intent) { return intent->committed_at <= act.at; });
    if (last == meant.rend()) {
      wrong.push_back(name + ": done without an intent that was committed before it, of " +
                      std::to_string(meant.size()));
      continue;
    }
    const auto intent = *last;
    if (!done.insert(intent->sequence).second) wrong.push_back(name + ": done twice for one intent");
    const auto started =
        std::find_if(intent, ledger.end(), [](const Entry& e) { return e.kind == "started"; });
    if (started != ledger.end() && act.at > started->recorded_at)
      wrong.push_back(name + ": done by a daemon that only found the intent of another");
  }
  check_looks(ledger, wrong);
  return wrong;
}

std::vector<std::string> left_unresolved(const std::vector<Entry>& ledger) {
  std::vector<std::string> wrong;
  for (auto intent = ledger.begin(); intent != ledger.end(); ++intent) {
    if (intent->kind != "intent" || intent->revert) continue;
    const auto started = start_without_answer(ledger, intent);
    if (std::none_of(started, ledger.end(), [&](const Entry& e) { return is_of(e, "probe", *intent); }) &&
        started != ledger.end())
      wrong.push_back(name_of(*intent) + ": its effect was not looked at after the restart");
  }
  return wrong;
}

std::size_t in_doubt(const std::vector<Entry>& ledger) {
  std::size_t count = 0;
  for (auto intent = ledger.begin(); intent != ledger.end(); ++intent) {
    if (intent->kind == "intent" && start_without_answer(ledger, intent) != ledger.end()) ++count;
  }
  return count;
}

}  // namespace curfew::acts_test
