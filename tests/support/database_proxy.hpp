// Stands between a client and a PostgreSQL server on unix sockets, and cuts the connection at chosen moments.
//
//   support::DatabaseProxy proxy(folder.path(), server.socket_directory());
//   … the client connects with host=<folder> …
//   proxy.cut(support::Cut::AfterCommit); … EXPECT_EQ(proxy.cuts(), 1);
//   proxy.go_away(); … proxy.come_back();
//
// Only the COMMIT of a transaction that copied entries of the ledger counts. Threads: its own; the methods
// from any. Owns: the socket, its connections. Fails: Error(Unavailable) when it can't listen.
#pragma once

#include <atomic>
#include <filesystem>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace curfew::support {

enum class Cut {
  None,
  BeforeCommit,  // the server never sees the COMMIT
  AtCommit,      // it was sent; whether it counts is left to chance
  AfterCommit,   // it was carried out; the client never learns
};

class DatabaseProxy {
 public:
  DatabaseProxy(std::filesystem::path listen_in, std::filesystem::path server_in);
  ~DatabaseProxy();
  DatabaseProxy(const DatabaseProxy&) = delete;
  DatabaseProxy& operator=(const DatabaseProxy&) = delete;

  void cut(Cut where) { cut_ = where; }  // at the next such commit, once
  [[nodiscard]] int cuts() const { return cuts_; }
  // All connections end, and no new one is taken.
  void go_away();
  void come_back();

 private:
  struct Link {
    int client = -1;
    int server = -1;
    std::string unparsed;         // of what the client sends: not yet a whole message
    bool started = false;         // past the startup message
    bool copied_entries = false;  // in this transaction
    bool ends_with_answer = false;
    std::string answer;
  };
  void run();
  void listen();
  void accept_one();
  bool from_client(Link& link);
  bool from_server(Link& link);
  bool take_message(Link& link, std::string_view message);

  std::filesystem::path listen_in_;
  std::filesystem::path server_in_;
  std::atomic<Cut> cut_ = Cut::None;
  std::atomic<int> cuts_ = 0;
  std::mutex mutex_;  // links and listening socket
  int listening_ = -1;
  std::list<Link> links_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace curfew::support
