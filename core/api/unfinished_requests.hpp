// Connections of one loop on which a request has begun and is not there in full: who sends a byte now and
// then holds a connection for a time, not for ever.
//
//   UnfinishedRequests unfinished;
//   unfinished.more(socket, now);       // bytes came
//   unfinished.finished(socket);        // … and the request is complete
//   unfinished.cut_older_than(now - 10s);
//
// A socket that was closed in between is not told to it: by its cookie, which the kernel gives to one socket
// alone, nobody else's is cut who has its number since. Threads: one, which is the only one that closes these
// sockets. Owns: no socket. Fails: never.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace curfew::api {

class UnfinishedRequests {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void more(int socket, Time now);
  void finished(int socket);
  // Those that began before: nothing more is read from them, as if their clients had gone. How many.
  std::size_t cut_older_than(Time limit);

 private:
  struct Begun {
    std::uint64_t cookie = 0;  // none has this
    Time at{};
  };
  std::vector<Begun> begun_;  // by the socket's number
  std::size_t count_ = 0;
};

}  // namespace curfew::api
