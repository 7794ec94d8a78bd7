#include "core/api/gate_server.hpp"

#include <Poco/Net/Context.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/api/gate_socket.hpp"
#include "core/api/unfinished_requests.hpp"
#include "core/base/error.hpp"

namespace curfew::api {
namespace {

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

constexpr timeval look_every{0, 100'000};
constexpr std::size_t longest_body = 1'024;  // a gate takes none
constexpr unsigned most_tokens_asked = 4;    // of one request

// evhttp takes a connection out of the loop and puts it back four times for each request: what is undone
// before the next wait costs no call. A closed connection is taken out of epoll after its close() then, by a
// number that may be another thread's by now: the kernel finds it not watched (ENOENT), the thread sanitizer
// reports a race.
#ifdef CURFEW_SANITIZED
constexpr bool gathers_changes = false;
#else
constexpr bool gathers_changes = true;
#endif

const char* method_of(evhttp_cmd_type command) {
  switch (command) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    case EVHTTP_REQ_POST:
      return "POST";
    default:
      return "OTHER";
  }
}

}  // namespace

struct GateServer::State {
  State(GateServerSettings wanted, GateJudge& gate_judge) : settings(std::move(wanted)), judge(gate_judge) {}
  GateServerSettings settings;
  GateJudge& judge;
  std::vector<std::unique_ptr<Loop>> loops;
  std::unique_ptr<GateAsker> asker;
  std::unique_ptr<TokenAsker> token_asker;
  std::unique_ptr<TokenAsker> revoker;
  std::mutex revoked_mutex;
  std::map<model::SessionDigest, model::SessionDigest> revoked_sessions;  // of tokens that the revoker has
  std::size_t most_connections = 0;
};

struct GateServer::Loop {
  explicit Loop(State& owner) : state(owner) {}
  ~Loop() {
    if (thread.joinable()) thread.join();
  }

  void bind(std::uint16_t port, std::size_t most_connections, bool is_first) {
    most = most_connections;
    // The loop's own thread is the only one that touches it.
    const std::unique_ptr<event_config, Deleter<event_config_free>> config(event_config_new());
    if (config) {
      event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
      if constexpr (gathers_changes)
        event_config_set_flag(config.get(), EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    }
    base.reset(config ? event_base_new_with_config(config.get()) : nullptr);
    http.reset(base ? evhttp_new(base.get()) : nullptr);
    out.reset(evbuffer_new());
    called = GateSocket(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!http || !out || called.get() < 0)
      throw Error(ErrorKind::Internal,
                  std::string("the gate's event loop can't be made: ") + std::strerror(errno));
    on_call.reset(event_new(base.get(), called.get(), EV_READ | EV_PERSIST, &Loop::take_calls, this));
    on_look.reset(event_new(base.get(), -1, EV_PERSIST, &Loop::look, this));
    const timeval second{1, 0};
    if (!on_call || !on_look || event_add(on_call.get(), nullptr) != 0 ||
        event_add(on_look.get(), &second) != 0)
      throw Error(ErrorKind::Internal, "the gate's event loop can't be made");
    evhttp_set_max_headers_size(http.get(), static_cast<ev_ssize_t>(state.settings.header_bytes));
    evhttp_set_max_body_size(http.get(), longest_body);
    evhttp_set_timeout(http.get(), static_cast<int>(state.settings.silence.count()));
    evhttp_set_allowed_methods(http.get(), EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
    evhttp_set_default_content_type(http.get(), nullptr);
    evhttp_set_gencb(http.get(), &Loop::requested, this);
    evhttp_set_bevcb(http.get(), &Loop::connected, this);
    GateSocket socket = listen_at(state.settings.address, port, is_first);
    bound_port = port_of(socket.get());
    evhttp_bound_socket* bound = evhttp_accept_socket_with_handle(http.get(), socket.get());
    if (bound == nullptr) throw Error(ErrorKind::Internal, "the gate can't accept connections");
    socket.release();  // the listener's now
    listener = evhttp_bound_socket_get_listener(bound);
    evconnlistener_set_error_cb(listener, &Loop::accept_failed);
    evconnlistener_disable(listener);
  }

  void start() {
    evconnlistener_enable(listener);
    thread = std::thread([this] {
      current = this;
      event_base_dispatch(base.get());
      // Here, as this thread is the only one that may touch them.
      http.reset();  // its connections take their requests out of `waiting`
      on_look.reset();
      on_call.reset();
    });
  }

  void stop() {
    stopping = true;
    wake();
    if (thread.joinable()) thread.join();
  }

  void wake() const {
    const std::uint64_t one = 1;
    // It can only be full of other calls, which wake as well.
    [[maybe_unused]] const ssize_t written = ::write(called.get(), &one, sizeof(one));
  }

  // From a thread of the asker.
  void answered(std::uint64_t number) {
    {
      const std::lock_guard lock(mutex);
      answers.push_back(number);
    }
    wake();
  }

 private:
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
    Loop* loop = nullptr;
    std::uint64_t number = 0;
  };

  static Loop& of(void* self) { return *static_cast<Loop*>(self); }

  // Bytes of a request: libevent's own limit is for silence alone, and starts anew with each of them.
  static void came_in(evbuffer*, const evbuffer_cb_info* what, void* connection) {
    if (what->n_added > 0)
      current->unfinished.more(bufferevent_getfd(static_cast<bufferevent*>(connection)), Clock::now());
  }

  static bufferevent* connected(event_base* base, void* self) {
    bufferevent* connection = made(base, self);
    if (connection != nullptr) evbuffer_add_cb(bufferevent_get_input(connection), &Loop::came_in, connection);
    return connection;
  }

  static bufferevent* made(event_base* base, void* self) {
    Loop& loop = of(self);
    loop.count();
    const Tls* tls = loop.state.settings.tls;
    if (tls == nullptr) return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    SSL* ssl = SSL_new(tls->context().sslContext());
    if (ssl == nullptr) return nullptr;  // libevent takes a plain one, which fails with the first byte
    SSL_set_ex_data(ssl, handshake_of(), self);
    SSL_set_info_callback(ssl, &Loop::shaken_hands);
    bufferevent* secured =
        bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (secured != nullptr) bufferevent_openssl_set_allow_dirty_shutdown(secured, 1);
    return secured;
  }

  // The loop, kept by a connection until its handshake is done. libevent says nothing of those that fail.
  static int handshake_of() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &Loop::freed);
    return index;
  }
  static void shaken_hands(const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0) SSL_set_ex_data(const_cast<SSL*>(ssl), handshake_of(), nullptr);
  }
  static void freed(void*, void* loop, CRYPTO_EX_DATA*, int, long, void*) {
    if (loop == nullptr || of(loop).stopping) return;
    if (of(loop).state.settings.tls_failed) of(loop).state.settings.tls_failed();
  }

  // A connection is an event that waits to be read, and its timeout; what else waits is three.
  [[nodiscard]] std::size_t counted() {
    const int events = event_base_get_num_events(base.get(), EVENT_BASE_COUNT_ADDED);
    const std::size_t now = events > 3 ? static_cast<std::size_t>(events - 3 + 1) / 2 : 0;
    connections.store(now, std::memory_order_relaxed);
    return now;
  }

  void count() {
    if (full || counted() < most) return;
    full = true;
    evconnlistener_disable(listener);
    event_add(on_look.get(), &look_every);
  }

  static void look(evutil_socket_t, short, void* self) {
    Loop& loop = of(self);
    loop.unfinished.cut_older_than(Clock::now() - loop.state.settings.request_within);
    if (loop.counted() >= loop.most || !loop.full) return;
    loop.full = false;
    evconnlistener_enable(loop.listener);
    const timeval second{1, 0};
    event_add(loop.on_look.get(), &second);
  }

  // No file descriptors left: later, when others went.
  static void accept_failed(evconnlistener* failed, void*) {
    event_base* base = evconnlistener_get_base(failed);
    evconnlistener_disable(failed);
    event_base_once(
        base, -1, EV_TIMEOUT,
        [](evutil_socket_t, short, void* one) { evconnlistener_enable(static_cast<evconnlistener*>(one)); },
        failed, &look_every);
  }

  static void take_calls(evutil_socket_t, short, void* self) {
    Loop& loop = of(self);
    std::uint64_t calls = 0;
    [[maybe_unused]] const ssize_t got = ::read(loop.called.get(), &calls, sizeof(calls));
    if (loop.stopping) {
      event_base_loopbreak(loop.base.get());
      return;
    }
    std::vector<std::uint64_t> done;
    {
      const std::lock_guard lock(loop.mutex);
      done.swap(loop.answers);
    }
    for (const std::uint64_t number : done) {
      const auto found = loop.waiting.find(number);
      if (found == loop.waiting.end()) continue;  // the client went meanwhile
      Waiting one = std::move(found->second);
      loop.waiting.erase(found);
      evhttp_connection_set_closecb(evhttp_request_get_connection(one.request), nullptr, nullptr);
      if (one.prepared)
        loop.finish(one.request, one.begun, *one.prepared);
      else
        loop.answer(one.request, one.begun, one.asked);
    }
  }

  static void requested(evhttp_request* request, void* self) {
    Loop& loop = of(self);
    loop.unfinished.finished(
        bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(request))));
    loop.answer(request, Clock::now(), {});
  }

  void answer(evhttp_request* request, Clock::time_point begun, Asked asked) {
    evhttp_connection* connection = evhttp_request_get_connection(request);
    char* peer = nullptr;
    ev_uint16_t peer_port = 0;
    evhttp_connection_get_peer(connection, &peer, &peer_port);
    headers.clear();
    for (const evkeyval* one = evhttp_request_get_input_headers(request)->tqh_first; one != nullptr;
         one = one->next.tqe_next)
      headers.emplace_back(one->key, one->value);
    const char* target = evhttp_request_get_uri(request);
    GateAnswer reply;
    try {
      reply = state.judge.answer({.method = method_of(evhttp_request_get_command(request)),
                                  .target = target == nullptr ? "" : target,
                                  .peer = peer == nullptr ? "" : peer,
                                  .headers = headers});
    } catch (...) {
      // Whatever it was: nobody passes by it.
      reply = {};
      reply.status = 403;
      reply.decision = GateDecision::FailedClosed;
    }
    if (reply.introspect) {
      // Once about each.
      if (asked.tokens < most_tokens_asked && reply.introspect->digest != asked.last) {
        ++asked.tokens;
        asked.last = reply.introspect->digest;
        if (ask_about(request, *reply.introspect, begun, asked)) return;
      }
      // It came back without an answer, or nobody could be asked: the judge knows what to do with that.
      state.judge.introspected(reply.introspect->digest, {}, state.judge.settings().clock().now);
      if (!asked.in_vain) {
        asked.in_vain = true;
        return answer(request, begun, asked);
      }
      reply = nobody_passes();
    }
    if (reply.ask) {
      if (!asked.session) {
        asked.session = true;
        if (ask(request, *reply.ask, begun, asked)) return;
      }
      // Nobody could be asked: that, too, is an answer that the judge knows what to do with.
      state.judge.learnt(*reply.ask, model::Liveness::Unknown, state.judge.settings().clock().now);
      if (!asked.in_vain) {
        asked.in_vain = true;
        return answer(request, begun, asked);
      }
      reply = nobody_passes();
    }
    if (reply.revoke && revoke(request, reply, begun)) return;
    finish(request, begun, reply);
  }

  static GateAnswer nobody_passes() {
    GateAnswer reply;
    reply.status = 403;
    reply.decision = GateDecision::FailedClosed;
    return reply;
  }

  void finish(evhttp_request* request, Clock::time_point begun, const GateAnswer& reply) {
    send(request, reply);
    if (reply.decision && state.settings.decided)
      state.settings.decided(*reply.decision, std::chrono::duration<double>(Clock::now() - begun).count());
  }

  // The request waits until `put`, which is given its number, has an answer. False: it doesn't.
  template <typename Put>
  bool wait(evhttp_request* request, Waiting what, Put put) {
    const std::uint64_t number = ++last_number;
    what.request = request;
    what.loop = this;
    what.number = number;
    Waiting& one = waiting.emplace(number, std::move(what)).first->second;
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), &Loop::went, &one);
    if (put(number)) return true;
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), nullptr, nullptr);
    waiting.erase(number);
    return false;
  }

  bool ask_about(evhttp_request* request, const TokenQuestion& token, Clock::time_point begun, Asked asked) {
    if (!state.token_asker) return false;
    return wait(request, {.begun = begun, .asked = asked, .prepared = {}}, [&](std::uint64_t number) {
      return state.token_asker->ask(token, [this, number] { answered(number); });
    });
  }

  // What was said before is worth nothing then, whatever comes of it.
  bool revoke(evhttp_request* request, const GateAnswer& reply, Clock::time_point begun) {
    if (!state.revoker) return false;
    {
      const std::lock_guard lock(state.revoked_mutex);
      state.revoked_sessions[reply.revoke->digest] = reply.revoked_session;
    }
    auto prepared = std::make_unique<GateAnswer>(reply);
    prepared->revoke.reset();  // the revoker has it
    const model::SessionDigest digest = reply.revoke->digest;
    const auto forget = [this, digest] {
      const std::lock_guard lock(state.revoked_mutex);
      state.revoked_sessions.erase(digest);
    };
    const bool waits =
        wait(request, {.begun = begun, .asked = {}, .prepared = std::move(prepared)}, [&](auto number) {
          return state.revoker->ask(*reply.revoke, [this, number, digest, forget] {
            forget();
            state.judge.revoked(digest, state.judge.settings().clock().now);
            answered(number);
          });
        });
    if (!waits) forget();
    return waits;
  }

  bool ask(evhttp_request* request, const model::SessionDigest& session, Clock::time_point begun,
           Asked asked) {
    if (!state.asker) return false;
    return wait(request, {.begun = begun, .asked = asked, .prepared = {}}, [&](std::uint64_t number) {
      return state.asker->ask(session, [this, session, number](model::Liveness said) {
        state.judge.learnt(session, said, state.judge.settings().clock().now);
        answered(number);
      });
    });
  }

  static void went(evhttp_connection*, void* one) {
    const Waiting& gone = *static_cast<Waiting*>(one);
    Loop* const loop = gone.loop;
    loop->waiting.erase(gone.number);
  }

  void send(evhttp_request* request, const GateAnswer& reply) {
    evkeyvalq* headers_out = evhttp_request_get_output_headers(request);
    for (const auto& [name, value] : reply.headers)
      evhttp_add_header(headers_out, name.c_str(), value.c_str());
    if (!reply.content_type.empty())
      evhttp_add_header(headers_out, "Content-Type", std::string(reply.content_type).c_str());
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
      evhttp_add_header(headers_out, "Content-Length", std::to_string(reply.body.size()).c_str());
    } else if (!reply.body.empty()) {
      evbuffer_add(out.get(), reply.body.data(), reply.body.size());
    }
    evhttp_send_reply(request, reply.status, nullptr, out.get());
    evbuffer_drain(out.get(), evbuffer_get_length(out.get()));
  }

  static inline thread_local Loop* current = nullptr;  // whose thread it is

  State& state;
  UnfinishedRequests unfinished;
  std::size_t most = 0;
  Base base;
  Http http;
  Buffer out;
  GateSocket called;
  Event on_call;
  Event on_look;
  evconnlistener* listener = nullptr;
  bool full = false;
  std::vector<HeaderView> headers;                     // of the request at hand
  std::unordered_map<std::uint64_t, Waiting> waiting;  // for what the source says; elements don't move
  std::uint64_t last_number = 0;
  std::thread thread;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::vector<std::uint64_t> answers;  // numbers of requests whose question was answered

 public:
  std::uint16_t bound_port = 0;
  std::atomic<std::size_t> connections{0};
};

GateServer::GateServer(GateServerSettings settings, GateJudge& judge)
    : state_(std::make_unique<State>(std::move(settings), judge)) {}

GateServer::~GateServer() { stop(); }

void GateServer::bind() {
  if (!state_->loops.empty()) return;
  const std::size_t threads = std::max<std::size_t>(1, state_->settings.threads);
  state_->most_connections = descriptors_for(state_->settings.most_connections);
  std::uint16_t port = state_->settings.port;
  for (std::size_t i = 0; i < threads; ++i) {
    auto loop = std::make_unique<Loop>(*state_);
    loop->bind(port, std::max<std::size_t>(1, state_->most_connections / threads), i == 0);
    port = loop->bound_port;
    state_->loops.push_back(std::move(loop));
  }
}

void GateServer::start() {
  bind();
  if (state_->settings.ask)
    state_->asker = std::make_unique<GateAsker>(state_->settings.ask, state_->settings.ask_within,
                                                state_->settings.ask_failed);
  if (state_->settings.introspect)
    state_->token_asker = std::make_unique<TokenAsker>(
        [state = state_.get()](const TokenQuestion& question, Duration limit) {
          const model::IntrospectedToken said = state->settings.introspect(question.token, limit);
          state->judge.introspected(question.digest, said, state->judge.settings().clock().now);
        },
        state_->settings.ask_within, state_->settings.ask_failed);
  if (state_->settings.revoke)
    state_->revoker = std::make_unique<TokenAsker>(
        [state = state_.get()](const TokenQuestion& question, Duration limit) {
          model::SessionDigest session;
          {
            const std::lock_guard lock(state->revoked_mutex);
            session = state->revoked_sessions[question.digest];
          }
          state->settings.revoke(question, session, limit);
        },
        state_->settings.revoke_within, state_->settings.ask_failed);
  for (const auto& loop : state_->loops) loop->start();
}

void GateServer::stop() {
  if (state_->asker) state_->asker->stop();
  if (state_->token_asker) state_->token_asker->stop();
  if (state_->revoker) state_->revoker->stop();
  for (const auto& loop : state_->loops) loop->stop();
  state_->loops.clear();
}

std::uint16_t GateServer::port() const {
  return state_->loops.empty() ? state_->settings.port : state_->loops.front()->bound_port;
}

std::size_t GateServer::connections() const {
  std::size_t sum = 0;
  for (const auto& loop : state_->loops) sum += loop->connections.load(std::memory_order_relaxed);
  return sum;
}

std::size_t GateServer::most_connections() const { return state_->most_connections; }

}  // namespace curfew::api
