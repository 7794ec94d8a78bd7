// A few reading connections that many threads share.
//
//   app::Readers readers(connection);
//   auto rows = readers.with([&](store::Store& store) { return store.sessions(query); });
//
// Threads: any. Owns: the connections, at most `kept` while nobody reads. Fails: as the store does; a
// connection on which something failed is not used again.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "core/store/store.hpp"

namespace curfew::app {

class Readers {
 public:
  explicit Readers(store::ConnectionInfo connection) : connection_(std::move(connection)) {}

  template <typename Function>
  auto with(Function function) {
    store::Store store = take();
    auto result = function(store);
    give(std::move(store));
    return result;
  }

  [[nodiscard]] const store::ConnectionInfo& connection() const { return connection_; }

 private:
  static constexpr std::size_t kept = 8;
  store::Store take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        store::Store store = std::move(free_.back());
        free_.pop_back();
        return store;
      }
    }
    return {connection_, store::Role::Reader};
  }
  void give(store::Store store) {
    const std::lock_guard lock(mutex_);
    if (free_.size() < kept) free_.push_back(std::move(store));
  }

  store::ConnectionInfo connection_;
  std::mutex mutex_;
  std::vector<store::Store> free_;
};

}  // namespace curfew::app
