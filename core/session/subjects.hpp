// Who is who: identifiers and the subjects that they belong to.
//
//   std::uint32_t index = subjects.take(identifier);           // its subject, made if new
//   Linking linking = subjects.link(a, b);                     // one person, says a source
//
// A subject is named by the reference of its oldest identifier. Two different values of one namespace within
// a subject contradict each other: such a link is refused. A merge relabels the smaller subject's
// identifiers.
//
// Threads: one. Owns: identifiers and subjects; they stay, as who is who is worth remembering.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "core/model/facts.hpp"
#include "core/model/state_bytes.hpp"
#include "core/session/session.hpp"

namespace curfew::session {

struct KnownIdentifier {
  model::Ref value;
  std::uint32_t subject = no_slot;
  std::uint32_t next = no_slot;  // of the same subject
  model::Symbol name_space;
};

struct Subject {
  model::Ref ref;
  std::uint32_t first_identifier = no_slot;  // index into identifiers; ascending age along the list
  std::uint32_t identifier_count = 0;
  Slot sessions = no_slot;  // list through Session::subject_next
};

enum class Linking : std::uint8_t { Same, Merged, Conflict, Split };

class Subjects {
 public:
  Subjects() : by_value_(0, Hash{this}, Equal{this}) {}
  Subjects(const Subjects&) = delete;
  Subjects& operator=(const Subjects&) = delete;

  // The subject of an identifier; no_slot if it was never seen.
  [[nodiscard]] std::uint32_t find(model::Ref identifier) const;
  std::uint32_t take(const model::Identifier& identifier);
  // Whether these two may be one person. Merging itself needs `merge`, which the caller follows by
  // relabelling sessions.
  [[nodiscard]] Linking check(std::uint32_t a, std::uint32_t b) const;
  struct Merge {
    std::uint32_t kept = no_slot;
    std::uint32_t gone = no_slot;
    bool renamed = false;  // the kept one has another reference now
  };
  Merge merge(std::uint32_t a, std::uint32_t b);
  // Each identifier becomes a subject of its own again, and stays apart from the others from now on. Returns
  // the subjects that came out; the first keeps the index.
  std::vector<std::uint32_t> split(std::uint32_t index);

  [[nodiscard]] bool knows(std::uint32_t index) const { return index < subjects_.size(); }
  [[nodiscard]] Subject& at(std::uint32_t index) { return subjects_[index]; }
  [[nodiscard]] const Subject& at(std::uint32_t index) const { return subjects_[index]; }
  [[nodiscard]] const KnownIdentifier& identifier(std::uint32_t index) const { return identifiers_[index]; }
  [[nodiscard]] std::vector<model::Identifier> identifiers_of(std::uint32_t index) const;
  [[nodiscard]] bool has(std::uint32_t index, model::Ref identifier) const {
    return identifier && find(identifier) == index;
  }
  [[nodiscard]] std::size_t count() const { return subjects_.size() - free_.size(); }

  void save(model::StateWriter& writer, const model::Symbols& symbols) const;
  void load(model::StateReader& reader, model::Symbols& symbols);

 private:
  struct Hash {
    using is_transparent = void;
    const Subjects* subjects;
    std::size_t operator()(std::uint32_t index) const { return (*this)(subjects->identifiers_[index].value); }
    std::size_t operator()(model::Ref value) const {
      const std::uint64_t x = value.bits * 0x9E37'79B9'7F4A'7C15ULL;
      return static_cast<std::size_t>(x ^ x >> 32);
    }
  };
  struct Equal {
    using is_transparent = void;
    const Subjects* subjects;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::uint32_t index, model::Ref value) const {
      return subjects->identifiers_[index].value == value;
    }
    bool operator()(model::Ref value, std::uint32_t index) const { return (*this)(index, value); }
  };

  std::uint32_t new_subject();
  void append(std::uint32_t subject, std::uint32_t identifier);

  std::vector<KnownIdentifier> identifiers_;  // by age
  std::vector<Subject> subjects_;
  std::vector<std::uint32_t> free_;
  absl::flat_hash_set<std::uint32_t, Hash, Equal> by_value_;
  std::set<std::pair<model::Ref, model::Ref>> apart_;  // pairs that an operator split, smaller first
};

}  // namespace curfew::session
