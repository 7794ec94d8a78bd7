// The dictionary of references: one random 64-bit reference for each personal value, drawn at first sight.
//
//   Dictionary dictionary;
//   auto [ref, is_new] = dictionary.refer(PersonalKind::Device, "", "ws01");
//
// Threads: any; sixteen shards with a lock each. Owns: the values in the clear, for they must be recognised.
// Fails: never.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "core/model/entry.hpp"
#include "core/model/ref.hpp"

namespace curfew::connector {

class Dictionary {
 public:
  struct Found {
    model::Ref ref;
    bool is_new = false;
  };
  Found refer(model::PersonalKind kind, std::string_view name_space, std::string_view value);
  [[nodiscard]] model::Ref find(model::PersonalKind kind, std::string_view name_space,
                                std::string_view value) const;
  void know(const model::PersonalValue& value);
  // Unless it has another reference by now.
  void forget(const model::PersonalValue& value);

 private:
  static constexpr std::size_t shard_count = 16;
  struct Shard {
    mutable std::mutex mutex;
    absl::flat_hash_map<std::string, std::uint64_t> refs;
  };
  struct Used {
    std::mutex mutex;
    absl::flat_hash_set<std::uint64_t> refs;
  };
  static void write_key(std::string& key, model::PersonalKind kind, std::string_view name_space,
                        std::string_view value);
  [[nodiscard]] static std::size_t shard_of(std::string_view key) noexcept;
  [[nodiscard]] std::uint64_t draw();

  std::array<Shard, shard_count> shards_;
  std::array<Used, shard_count> used_;
};

}  // namespace curfew::connector
