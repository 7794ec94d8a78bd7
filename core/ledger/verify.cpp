#include "core/ledger/verify.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

const char* name_of(ExpectedHead::From from) {
  switch (from) {
    case ExpectedHead::From::Outside:
      return "the outside checkpoint";
    case ExpectedHead::From::Successor:
      return "the opening entry of the stream after this one";
    case ExpectedHead::From::StreamTable:
      return "the table of streams";
  }
  return "";
}

std::string entries(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

}  // namespace

ExpectedHead outside_head(std::string_view note, const StreamId& id, std::span<const VerifierKey> keys) {
  const Checkpoint checkpoint = parse_checkpoint(open_note(note, keys).text);
  if (checkpoint.origin != origin_of(id)) {
    throw Error(ErrorKind::Input, "checkpoint: it is of the stream '" + checkpoint.origin + "', not of '" +
                                      origin_of(id) + "'");
  }
  return {ExpectedHead::From::Outside, checkpoint.size, checkpoint.root};
}

std::optional<ExpectedHead> successor_head(const Opening& opening, const StreamId& predecessor) {
  if (!opening.predecessor || opening.predecessor->origin != origin_of(predecessor)) return std::nullopt;
  return ExpectedHead{ExpectedHead::From::Successor, opening.predecessor->size, opening.predecessor->root};
}

StreamVerifier::StreamVerifier(VerifyOptions options, TileReader stored_tiles,
                               CheckpointReader next_checkpoint)
    : options_(std::move(options)),
      origin_(origin_of(options_.id)),
      encoder_(options_.id),
      next_checkpoint_(std::move(next_checkpoint)),
      spine_(std::move(stored_tiles), problems_) {
  problems_.most_listed = options_.most_problems;
  verdict_.id = options_.id;
  std::stable_sort(options_.heads.begin(), options_.heads.end(),
                   [](const ExpectedHead& a, const ExpectedHead& b) { return a.size < b.size; });
  read_checkpoint();
  check_heads();
}

void StreamVerifier::read_checkpoint() {
  const bool first = !checkpoint_;
  const std::uint64_t before = first ? 0 : checkpoint_->size;
  checkpoint_ = next_checkpoint_();
  while (checkpoint_ && !first && checkpoint_->size <= before) {
    const auto at = checkpoint_->size == 0 ? std::optional<std::uint64_t>() : checkpoint_->size - 1;
    problems_.add(ProblemKind::CheckpointMalformed, at, at,
                  "the checkpoint of size " + std::to_string(checkpoint_->size) +
                      " came again, or out of order, behind the one of size " + std::to_string(before));
    checkpoint_ = next_checkpoint_();
  }
}

void StreamVerifier::feed(const SealedEntry& row) {
  std::array<char, 8> subject;
  std::optional<PersonalView> personal;
  if (!row.entry.personal.empty() || !row.salt.empty()) personal = {row.salt, row.entry.personal};
  feed(fields_of(row, subject), personal);
}

void StreamVerifier::feed(const LeafFields& row, const std::optional<PersonalView>& personal) {
  const std::uint64_t expected = spine_.size();
  if (row.sequence < expected) {
    problems_.add(ProblemKind::RowRepeated, row.sequence, row.sequence,
                  "the sequence came again, or out of order");
    return;
  }
  if (row.sequence > expected) {
    problems_.add(ProblemKind::RowMissing, expected, row.sequence - 1,
                  entries(row.sequence - expected) + " not stored");
    // Checkpoints inside the gap are still judged where tiles bridge it.
    while (spine_.size() < row.sequence) {
      std::uint64_t stop = row.sequence;
      if (checkpoint_ && checkpoint_->size > spine_.size()) stop = std::min(stop, checkpoint_->size);
      if (next_head_ < options_.heads.size()) stop = std::min(stop, options_.heads[next_head_].size);
      spine_.missing_until(stop);
      check_heads();
    }
  }
  ++rows_;
  if (row.sequence == 0) check_first(row);
  Digest32 leaf;
  bool usable = true;
  try {
    leaf = encoder_.hash(row);
  } catch (const Error& error) {
    usable = false;
    problems_.add(ProblemKind::RowTooLong, row.sequence, row.sequence, error.what());
  }
  if (usable)
    spine_.row(leaf);
  else
    spine_.unusable_row();
  check_personal(row, personal);
  completeness_.count(row);
  if (row.kind == model::name_of(model::EntryKind::Erasure)) {
    try {
      take_erasure(row.sequence, parse_erasure(row.facts));
    } catch (const Error& error) {
      problems_.add(ProblemKind::ErasureMalformed, row.sequence, row.sequence, error.what());
    }
  }
  check_heads();
}

void StreamVerifier::take_erasure(std::uint64_t sequence, std::vector<Coverage> covered) {
  for (Coverage& coverage : covered) {
    const auto stream = parse_origin(coverage.origin);
    if (!stream || stream->realm != options_.id.realm)
      throw Error(ErrorKind::Corrupt, "ledger: an erasure entry: it covers '" + coverage.origin +
                                          "', which is no stream of this realm");
    if (coverage.origin == origin_) {
      // Only what was there already: or one entry would excuse all that goes missing later.
      for (const auto& [first, last] : coverage.ranges) {
        if (last >= sequence)
          throw Error(ErrorKind::Corrupt, "ledger: an erasure entry: it covers entries after itself");
      }
      cover(coverage);
    }
    erasures_.push_back(std::move(coverage));
  }
}

void StreamVerifier::check_first(const LeafFields& row) {
  const auto wrong = [&](const std::string& text) { problems_.add(ProblemKind::OpeningWrong, 0, 0, text); };
  if (row.kind != model::name_of(model::EntryKind::StreamOpened)) {
    wrong("the first entry is not stream_opened");
    return;
  }
  try {
    const Opening opening = parse_opening(row.facts);
    if (opening.id.node != options_.id.node || opening.id.epoch != options_.id.epoch)
      wrong("it opens node '" + opening.id.node + "', epoch " + std::to_string(opening.id.epoch) +
            ", not this stream");
    if (!options_.keys.empty() &&
        std::none_of(options_.keys.begin(), options_.keys.end(),
                     [&](const VerifierKey& key) { return key.text() == opening.verifier_key; }))
      wrong("the stream was opened with the key " + opening.verifier_key +
            ", which is not among those given");
    verdict_.predecessor = opening.predecessor;
  } catch (const Error& error) {
    wrong(error.what());
  }
}

void StreamVerifier::note_presence(std::uint64_t sequence, bool due, bool there) {
  // Behind a gap that nothing bridges, a forged sequence could be any number: no bits for it.
  if ((!due && !there) || !spine_.known()) return;
  const auto index = static_cast<std::size_t>(sequence);
  const auto set = [index](std::vector<bool>& bits) {
    if (bits.size() <= index) bits.resize(index + 1);
    bits[index] = true;
  };
  if (due) set(due_);
  if (there) set(there_);
}

void StreamVerifier::check_personal(const LeafFields& row, const std::optional<PersonalView>& personal) {
  note_presence(row.sequence, !row.commitment.empty(), personal.has_value());
  if (!personal) return;
  if (row.commitment.empty()) {
    problems_.add(ProblemKind::PersonalUnexpected, row.sequence, row.sequence,
                  "a personal value is stored for an entry that commits to none");
    return;
  }
  if (personal->salt.size() != salt_bytes ||
      base::as_text(commitment_of(personal->salt, personal->value)) != row.commitment) {
    problems_.add(ProblemKind::PersonalChanged, row.sequence, row.sequence,
                  "the personal value, its salt or the commitment was changed");
    return;
  }
  ++verdict_.personal_values;
  if (options_.references == nullptr) return;
  try {
    for (const model::PersonalValue& value : model::personal_values_from_json(personal->value))
      options_.references->introduced(value);
  } catch (const Error& error) {
    problems_.add(ProblemKind::PersonalChanged, row.sequence, row.sequence, error.what());
  }
}

void StreamVerifier::stray_personal(std::uint64_t sequence) {
  problems_.add(ProblemKind::PersonalUnexpected, sequence, sequence,
                "a personal value is stored, but no such entry");
}

void StreamVerifier::cover(const Coverage& coverage) {
  if (coverage.origin == origin_)
    covered_.insert(covered_.end(), coverage.ranges.begin(), coverage.ranges.end());
}

void StreamVerifier::check_columns(const StoredCheckpoint& stored, const Checkpoint& checkpoint) {
  const auto at = stored.size == 0 ? std::optional<std::uint64_t>() : std::optional(stored.size - 1);
  if (!stored.root.empty() && stored.root != base::as_text(checkpoint.root)) {
    problems_.add(ProblemKind::CheckpointMalformed, at, at,
                  "the checkpoint of size " + std::to_string(stored.size) +
                      " has another root in its note than in its column");
  }
  if (stored.previous_size && *stored.previous_size != last_checkpoint_) {
    problems_.add(ProblemKind::CheckpointMissing, at, at,
                  "the checkpoint of size " + std::to_string(stored.size) + " follows one of size " +
                      std::to_string(*stored.previous_size) + ", but the one before it has size " +
                      std::to_string(last_checkpoint_));
  }
}

void StreamVerifier::check_checkpoint(const StoredCheckpoint& stored) {
  const std::string place = "the checkpoint of size " + std::to_string(stored.size);
  const auto at = stored.size == 0 ? std::optional<std::uint64_t>() : std::optional(stored.size - 1);
  Checkpoint checkpoint;
  try {
    checkpoint = parse_checkpoint(parse_note(stored.note).text);
  } catch (const Error& error) {
    problems_.add(ProblemKind::CheckpointMalformed, at, at, place + ": " + error.what());
    return;
  }
  if (checkpoint.origin != origin_ || checkpoint.size != stored.size) {
    problems_.add(
        ProblemKind::CheckpointMalformed, at, at,
        place + " says stream '" + checkpoint.origin + "', size " + std::to_string(checkpoint.size));
    return;
  }
  check_columns(stored, checkpoint);
  try {
    (void)open_note(stored.note, options_.keys);
  } catch (const Error& error) {
    problems_.add(ProblemKind::CheckpointSignature, at, at, place + ": " + error.what());
    return;
  }
  if (!spine_.known()) {
    problems_.add(ProblemKind::CheckpointUnreached, at, at,
                  place + " can't be checked: rows before it are missing, and no tile replaces them");
    return;
  }
  if (!spine_.settle(checkpoint.root)) {
    ++mismatches_;
    // The rest of a broken tree never agrees again: one problem says it, the count is told at the end.
    if (mismatches_ == 1) {
      problems_.add(ProblemKind::CheckpointRoot, signed_size_, stored.size == 0 ? 0 : stored.size - 1,
                    place + " signs another root than these rows and tiles have");
    }
    return;
  }
  mismatches_ = 0;
  ++verdict_.checkpoints;
  signed_size_ = stored.size;
}

void StreamVerifier::check_heads() {
  while (checkpoint_ && checkpoint_->size <= spine_.size()) {
    check_checkpoint(*checkpoint_);
    last_checkpoint_ = checkpoint_->size;
    read_checkpoint();
  }
  const auto& heads = options_.heads;
  for (; next_head_ < heads.size() && heads[next_head_].size <= spine_.size(); ++next_head_) {
    const ExpectedHead& head = heads[next_head_];
    const auto at = head.size == 0 ? std::optional<std::uint64_t>() : std::optional(head.size - 1);
    if (!spine_.known()) {
      problems_.add(ProblemKind::CheckpointUnreached, at, at,
                    std::string(name_of(head.from)) + " of size " + std::to_string(head.size) +
                        " can't be checked: rows before it are missing, and no tile replaces them");
    } else if (!spine_.settle(head.root)) {
      problems_.add(ProblemKind::HeadDiffers, at, at,
                    std::string(name_of(head.from)) + " says another root at size " +
                        std::to_string(head.size) + ": the stream was rewritten");
    } else if (head.from == ExpectedHead::From::Outside) {
      verdict_.outside_size = std::max(verdict_.outside_size, head.size);
    }
  }
}

void StreamVerifier::finish_heads() {
  const std::uint64_t size = spine_.size();
  for (; checkpoint_; read_checkpoint()) {
    problems_.add(ProblemKind::CheckpointUnreached, size, checkpoint_->size - 1,
                  "a checkpoint of size " + std::to_string(checkpoint_->size) + " is stored, but only " +
                      entries(size) + ": the tail was cut off");
  }
  for (; next_head_ < options_.heads.size(); ++next_head_) {
    const ExpectedHead& head = options_.heads[next_head_];
    problems_.add(ProblemKind::TailCut, size, head.size - 1,
                  std::string(name_of(head.from)) + " has " + entries(head.size) + ", but only " +
                      std::to_string(size) + " are here");
  }
  if (options_.stored_size && *options_.stored_size != size) {
    problems_.add(ProblemKind::HeadDiffers, std::min(size, *options_.stored_size),
                  std::max(size, *options_.stored_size) - 1,
                  "the table of streams says " + entries(*options_.stored_size) + ", the rows end at " +
                      std::to_string(size));
  }
  if (signed_size_ < size) {
    problems_.add(ProblemKind::RowUnsigned, signed_size_, size - 1,
                  mismatches_ > 1
                      ? "no checkpoint from here on agrees (" + std::to_string(mismatches_) + " don't)"
                      : std::string("no checkpoint that agrees signs these rows"));
  }
}

void StreamVerifier::finish_personal() {
  std::sort(covered_.begin(), covered_.end());
  auto range = covered_.begin();
  std::uint64_t covered_until = 0;  // one past the furthest end so far
  std::optional<SequenceRange> open;
  ProblemKind open_kind{};
  const auto flush = [&] {
    if (!open) return;
    problems_.add(open_kind, open->first, open->second,
                  open_kind == ProblemKind::PersonalMissing
                      ? "a personal value is gone, and no erasure entry covers it"
                      : "an erasure entry covers this personal value, but it is still stored");
    open.reset();
  };
  for (std::size_t i = 0; i < due_.size(); ++i) {
    while (range != covered_.end() && range->first <= i) {
      covered_until =
          std::max(covered_until, range->second == UINT64_MAX ? range->second : range->second + 1);
      ++range;
    }
    if (!due_[i]) continue;
    const bool there = i < there_.size() && there_[i];
    const bool covered = i < covered_until;
    if (covered && !there) ++verdict_.erased_values;
    if (covered != there) continue;
    const ProblemKind kind = there ? ProblemKind::PersonalNotErased : ProblemKind::PersonalMissing;
    if (open && kind == open_kind && open->second + 1 == i) {
      open->second = i;
      continue;
    }
    flush();
    open = {i, i};
    open_kind = kind;
  }
  flush();
}

void StreamVerifier::end_of_rows() {
  if (ended_) return;
  ended_ = true;
  if (rows_ == 0)
    problems_.add(ProblemKind::OpeningWrong, std::nullopt, std::nullopt, "the stream has no entry");
  finish_heads();
  spine_.finish();
  std::uint64_t full = 0;
  for (std::uint64_t count = spine_.size() >> 8; count > 0; count >>= 8) full += count;
  if (options_.stored_tiles && *options_.stored_tiles > full &&
      !problems_.by_kind.contains(ProblemKind::TileUnexpected)) {
    problems_.add(ProblemKind::TileUnexpected, std::nullopt, std::nullopt,
                  std::to_string(*options_.stored_tiles) + " tiles are stored, but the tree has only " +
                      std::to_string(full));
  }
}

StreamVerdict StreamVerifier::finish() {
  end_of_rows();
  finish_personal();

  verdict_.size = spine_.size();
  if (spine_.known()) verdict_.root = spine_.root();
  verdict_.tiles = spine_.tiles_compared();
  verdict_.completeness = completeness_.result();
  verdict_.problem_count = problems_.count;
  verdict_.problems = std::move(problems_.listed);
  verdict_.by_kind = std::move(problems_.by_kind);

  auto& doubts = verdict_.not_excluded;
  if (verdict_.outside_size == 0) {
    doubts.emplace_back(
        "No outside checkpoint was given: a tail cut off together with its checkpoints, or a rewrite by who "
        "holds "
        "the key, would not show.");
  } else if (verdict_.outside_size < verdict_.size) {
    doubts.push_back(
        "The outside checkpoint reaches to entry " + std::to_string(verdict_.outside_size - 1) +
        ": behind it, a tail cut off together with its checkpoints, or a rewrite by who holds the key, "
        "would not show.");
  }
  if (!options_.keys_from_outside) {
    doubts.emplace_back(
        "The key was read from the same place as the ledger: a rewrite with another key would not show.");
  }
  if (verdict_.erased_values > 0)
    doubts.push_back("What the " + std::to_string(verdict_.erased_values) +
                     " erased values said is gone for good.");
  doubts.emplace_back("What a source never reported, or reported falsely, no ledger can show.");
  return std::move(verdict_);
}

}  // namespace curfew::ledger
