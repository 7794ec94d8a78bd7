// Random histories of inputs, the same for the same seed on every machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/input.hpp"

namespace curfew::model_test {

class Random {
 public:
  // Not by the step of `next`: seeds would begin at neighbouring places of one sequence.
  explicit Random(std::uint64_t seed) : state_(seed * 0xD6E8'FEB8'6659'FD93ULL + 1) {}
  std::uint64_t next() {
    state_ += 0x9E37'79B9'7F4A'7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9ULL;
    z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EBULL;
    return z ^ z >> 31;
  }
  // In [0, bound).
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

struct Shape {
  bool enforce = false;   // policies act, and something answers
  bool restarts = false;  // the daemon starts again now and then
  std::size_t steps = 400;
};

// The policies that a history runs under.
[[nodiscard]] model::PolicySet policies(Random& random, const Shape& shape);

// Adds policies about how long credentials count, and about where sessions are used from.
void ask_for_places(Random& random, const Shape& shape, model::PolicySet& set);

// Makes some of them about members of groups, in every other history.
bool ask_for_groups(Random& random, model::PolicySet& set);

// What an operator may ask for; sometimes nothing.
[[nodiscard]] model::Selection selection(Random& random);

// Makes up one input after the other; in `enforce` it answers the steps and probes of the effects that it is
// told, late, wrongly or never.
class History {
 public:
  History(std::uint64_t seed, const Shape& shape, model::Symbols& symbols);
  [[nodiscard]] const model::PolicySet& set() const { return set_; }
  model::Input next();
  void tell(const model::Effects& effects);

 private:
  enum class Follow : std::uint8_t { None, Unasked, Asked, Left };
  struct Visit {
    std::uint64_t person = 0;
    Time at{};
  };
  model::Facts observation();
  void tell_place(model::Facts& facts, std::uint64_t id);
  void tell_late_credentials(model::Facts& facts);
  Follow comes_back(model::Facts& facts, std::uint64_t& id);
  std::optional<model::InputBody> reply();

  Random random_;
  Random groups_;  // of its own, so that the rest of a history is the same with groups and without
  Random places_;  // so is this, of addresses and networks
  Shape shape_;
  model::Symbols& symbols_;
  model::PolicySet set_;
  Time now_;
  bool people_return_;  // in three histories of four
  bool tells_groups_ = false;
  bool configured_ = false;
  std::vector<model::RunStep> steps_;
  std::vector<model::RunProbe> probes_;
  std::uint64_t orders_ = 0;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Time> last_at_;
  Visit left_;  // by a sign-out
  Visit back_;  // without being asked
  struct Move {
    model::SessionDigest session;
    Time at{};
  };
  Move moved_;  // the newest sighting elsewhere than usual
};

}  // namespace curfew::model_test
