// One of a gate's event loops (libevent): a thread with a listening socket of its own on the shared port, and
// the connections and requests that came by it.
//
//   GateLoop loop(settings, judge);
//   loop.bind(8471, 10'000, true);
//   loop.start(questions);  …  questions.stop();  loop.stop();
//
// A request is judged where it is read. One about which somebody has to be asked waits by its number, and is
// judged again when the answer is there; its connection may go meanwhile.
//
// Threads: bind, start and stop from one; port and connections from any; the rest is its thread's. Owns: the
// thread, sockets, connections; not settings, judge, questions, which outlive it. Fails: bind with
// Error(Configuration) when the address can't be used, Error(Internal).
#pragma once

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/api/gate_judge.hpp"
#include "core/api/gate_questions.hpp"
#include "core/api/gate_server.hpp"
#include "core/api/gate_socket.hpp"
#include "core/api/unfinished_requests.hpp"

struct bufferevent;
struct evconnlistener;

namespace curfew::api {

class GateLoop {
 public:
  GateLoop(const GateServerSettings& settings, GateJudge& judge);
  ~GateLoop();
  GateLoop(const GateLoop&) = delete;
  GateLoop& operator=(const GateLoop&) = delete;

  // `is_first`: of those that share the port.
  void bind(std::uint16_t port, std::size_t most_connections, bool is_first);
  void start(GateQuestions& questions);
  void stop();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Open now, as far as it has counted.
  [[nodiscard]] std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  template <auto Free>
  struct Deleter {
    template <typename T>
    void operator()(T* object) const {
      Free(object);
    }
  };
  using Base = std::unique_ptr<event_base, Deleter<event_base_free>>;
  using Http = std::unique_ptr<evhttp, Deleter<evhttp_free>>;
  using Event = std::unique_ptr<event, Deleter<event_free>>;
  using Buffer = std::unique_ptr<evbuffer, Deleter<evbuffer_free>>;

  // What was asked for a request already.
  struct Asked {
    bool session = false;
    unsigned tokens = 0;
    model::SessionDigest last{};
    bool in_vain = false;  // somebody could not be asked
  };
  struct Waiting {
    evhttp_request* request = nullptr;
    Clock::time_point begun{};
    Asked asked;
    std::unique_ptr<GateAnswer> prepared;  // as soon as what is waited for is over; none: it is judged again
    GateLoop* loop = nullptr;
    std::uint64_t number = 0;
  };

  static void came_in(evbuffer* buffer, const evbuffer_cb_info* what, void* connection);
  static bufferevent* connected(event_base* base, void* self);
  static void look(evutil_socket_t, short, void* self);
  static void accept_failed(evconnlistener* failed, void*);
  static void take_calls(evutil_socket_t, short, void* self);
  static void requested(evhttp_request* request, void* self);
  static void went(evhttp_connection*, void* one);

  void make_base();
  void wake() const;
  void answered(std::uint64_t number);
  [[nodiscard]] bufferevent* made();
  [[nodiscard]] std::size_t counted();
  void count();
  [[nodiscard]] GateAnswer judged(evhttp_request* request);
  void answer(evhttp_request* request, Clock::time_point begun, Asked asked);
  void finish(evhttp_request* request, Clock::time_point begun, const GateAnswer& reply);
  void send(evhttp_request* request, const GateAnswer& reply);
  // The request waits until who is asked by `put`, which is given what to call then, has answered. False: it
  // doesn't.
  using Put = std::function<bool(GateQuestions::Done done)>;
  bool wait(evhttp_request* request, Waiting what, const Put& put);

  const GateServerSettings& settings_;
  GateJudge& judge_;
  GateQuestions* questions_ = nullptr;
  std::atomic<bool> stopping_{false};
  const std::function<void()> handshake_failed_;  // connections have it: it goes after them
  UnfinishedRequests unfinished_;
  std::size_t most_ = 0;
  Base base_;
  Http http_;
  Buffer out_;
  GateSocket called_;
  Event on_call_;
  Event on_look_;
  evconnlistener* listener_ = nullptr;
  bool full_ = false;
  std::vector<HeaderView> headers_;                     // of the request at hand
  std::unordered_map<std::uint64_t, Waiting> waiting_;  // for what is said; elements don't move
  std::uint64_t last_number_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::uint64_t> answers_;  // numbers of requests whose question was answered
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
};

}  // namespace curfew::api
