// A small genuine ledger of two streams in a database, sealed and signed, to be tampered with.
//
//   GenuineLedger ledger;  ledger.write(database);  ledger.checkpoints()  // as they were published
//
// Threads: one. Owns: the keys. Fails: Error.
#pragma once

#include <string>
#include <vector>

#include "core/ledger/opening.hpp"
#include "core/ledger/seal.hpp"
#include "core/store/store.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::store {

class GenuineLedger {
 public:
  static constexpr std::uint64_t first_size = 700;  // two full tiles and a rest
  static constexpr std::uint64_t second_size = 300;

  // `forged` says something else of one entry.
  void write(const support::Database& database, bool forged = false) {
    Store writer(database.application, Role::Writer);
    checkpoints_.clear();
    const StreamHead first = fill(writer, first_id_, first_key_, first_size, std::nullopt, forged);
    fill(writer, second_id_, second_key_, second_size,
         ledger::known_head(first.checkpoint, first_key_.verifier().text()), false);
  }
  void new_keys() {
    first_key_ = ledger::SigningKey::generate(ledger::origin_of(first_id_));
    second_key_ = ledger::SigningKey::generate(ledger::origin_of(second_id_));
  }
  [[nodiscard]] const std::vector<std::string>& checkpoints() const {
    return checkpoints_;
  }  // the last of each
  [[nodiscard]] std::vector<ledger::VerifierKey> keys() const {
    return {first_key_.verifier(), second_key_.verifier()};
  }

 private:
  StreamHead fill(Store& writer, const ledger::StreamId& id, const ledger::SigningKey& key,
                  std::uint64_t size, const std::optional<ledger::KnownHead>& predecessor, bool forged) {
    std::uint8_t salt = 0;
    ledger::Sealer sealer(id, {key}, {}, [&](std::span<std::uint8_t> bytes) {
      for (auto& byte : bytes) byte = ++salt;
    });
    StreamHead head = writer.open_stream(id, key.verifier().text());
    std::uint64_t next = 0;
    while (next < size) {
      std::vector<model::Entry> entries;
      Extras extras;
      const std::uint64_t end = std::min(size, next + (next == 0 ? 90 : 250));
      for (; next < end; ++next) {
        if (next == 0) {
          entries.push_back(ledger::opening_entry({id, key.verifier().text(), predecessor}, at(0)));
        } else {
          entries.push_back(entry(id, next, forged, extras));
        }
      }
      const ledger::SealedBatch batch = sealer.seal(std::move(entries), at(end));
      writer.append(head, batch, extras);
      head.checkpoint = batch.checkpoint;
    }
    checkpoints_.push_back(head.checkpoint);
    return head;
  }
  static Time at(std::uint64_t seconds) {
    return base::from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(seconds) * 1'000'000);
  }
  static model::Entry entry(const ledger::StreamId& id, std::uint64_t number, bool forged, Extras& extras) {
    model::Entry made;
    made.kind = model::EntryKind::Observation;
    made.engine_time = at(number);
    made.occurred_at = number % 5 == 0 ? Time{} : at(number - 1);
    made.source = number % 7 == 0 ? "" : "corp-ad";
    if (number % 2 == 0) {
      const Digest32 digest = base::sha256("session " + std::to_string(number));
      std::copy_n(digest.begin(), 16, made.session.bytes.begin());
      made.subject = {number + 1};
    }
    made.facts = R"({"type":"sign_in","number":)" + std::to_string(number) + "}";
    if (forged && number == 400) made.facts = R"({"type":"sign_out","number":400})";
    if (number % 3 == 0) {
      const model::PersonalValue value{{number << 8 | id.epoch},
                                       model::PersonalKind::Identifier,
                                       "upn",
                                       "person" + std::to_string(number) + "@" + id.node + ".test"};
      made.personal = model::to_json({value});
      extras.references.push_back(value);
    }
    return made;
  }

  ledger::StreamId first_id_{"corp", "a", 1};
  ledger::StreamId second_id_{"corp", "a", 2};
  ledger::SigningKey first_key_ = ledger::SigningKey::generate(ledger::origin_of(first_id_));
  ledger::SigningKey second_key_ = ledger::SigningKey::generate(ledger::origin_of(second_id_));
  std::vector<std::string> checkpoints_;
};

}  // namespace curfew::store
