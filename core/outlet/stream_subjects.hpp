// Whom a stream is about: what its receiver added and removed (Shared Signals 1.0, section 8.1.3), as keyed
// digests. The key is in a file of its own, not in the database, so that who has the one can't try names.
//
//   outlet::SubjectList list = outlet::subject_list_from_json(stored);
//   if (!outlet::change(list, digests, true)) …                        // it would have too many
//   const outlet::SubjectFilter filter(state.default_subjects, list, key, false);
//   if (!filter.wants(reference, names)) …                             // not sent, and counted
//
// An event is held against what it says itself, and against the person's reference: a receiver can find out
// nothing by adding and removing that its events would not tell it.
//
// Threads: values and pure functions. Fails: subject_list_from_json throws Error(Corrupt) naming the field.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"
#include "core/model/observation.hpp"
#include "core/outlet/stream_state.hpp"

namespace curfew::outlet {

// That one stream may have listed: it is one row, written whole for each change.
inline constexpr std::size_t most_subjects = 10'000;

// A reference, as a name among names.
inline constexpr std::string_view reference_name_space = "reference";

struct SubjectList {
  std::string stream;         // of this one alone: a list of another means nothing
  std::string key_file;       // as receiver_secret.hpp keeps it
  std::set<Digest16> listed;  // by default all: the removed ones; by default none: the added ones
  friend bool operator==(const SubjectList&, const SubjectList&) = default;
};

[[nodiscard]] std::string to_json(const SubjectList& list);
[[nodiscard]] SubjectList subject_list_from_json(std::string_view json);

// Of a name as sources and receivers write it: one whatever its case, where Curfew takes it for one.
[[nodiscard]] Digest16 subject_digest(std::string_view key, const model::NamedValue& name,
                                      bool case_sensitive);

// Puts all of them into the list, or takes them out: whether it is another list now; nullopt: it would have
// too many, and is as it was.
[[nodiscard]] std::optional<bool> change(SubjectList& list, const std::vector<Digest16>& digests,
                                         bool are_listed);

class SubjectFilter {
 public:
  // No list: nobody was added or removed, and the key is not looked at.
  SubjectFilter(DefaultSubjects by_default, std::shared_ptr<const SubjectList> list, std::string key,
                bool case_sensitive);
  // Of an event's person: the reference, and the names that the event tells; nobody known: neither.
  [[nodiscard]] bool wants(const std::string& reference, const std::vector<model::NamedValue>& names) const;

 private:
  [[nodiscard]] bool has(const model::NamedValue& name) const;

  DefaultSubjects by_default_;
  std::shared_ptr<const SubjectList> list_;
  std::string key_;
  bool case_sensitive_;
};

}  // namespace curfew::outlet
