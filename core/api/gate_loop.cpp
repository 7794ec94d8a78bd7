#include "core/api/gate_loop.hpp"

#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/api/gate_handshake.hpp"
#include "core/base/error.hpp"

namespace curfew::api {
namespace {

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

thread_local UnfinishedRequests* unfinished_here = nullptr;  // of the loop whose thread it is

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

GateLoop& of(void* self) { return *static_cast<GateLoop*>(self); }

GateAnswer nobody_passes() {
  GateAnswer reply;
  reply.status = 403;
  reply.decision = GateDecision::FailedClosed;
  return reply;
}

}  // namespace

GateLoop::GateLoop(const GateServerSettings& settings, GateJudge& judge)
    : settings_(settings), judge_(judge), handshake_failed_([this] {
        if (!stopping_ && settings_.tls_failed) settings_.tls_failed();
      }) {}

GateLoop::~GateLoop() {
  if (thread_.joinable()) thread_.join();
}

void GateLoop::make_base() {
  // The loop's own thread is the only one that touches it.
  const std::unique_ptr<event_config, Deleter<event_config_free>> config(event_config_new());
  if (config) {
    event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
    if constexpr (gathers_changes) event_config_set_flag(config.get(), EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
  }
  base_.reset(config ? event_base_new_with_config(config.get()) : nullptr);
  http_.reset(base_ ? evhttp_new(base_.get()) : nullptr);
  out_.reset(evbuffer_new());
  called_ = GateSocket(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!http_ || !out_ || called_.get() < 0)
    throw Error(ErrorKind::Internal,
                std::string("the gate's event loop can't be made: ") + std::strerror(errno));
  on_call_.reset(event_new(base_.get(), called_.get(), EV_READ | EV_PERSIST, &GateLoop::take_calls, this));
  on_look_.reset(event_new(base_.get(), -1, EV_PERSIST, &GateLoop::look, this));
  const timeval second{1, 0};
  if (!on_call_ || !on_look_ || event_add(on_call_.get(), nullptr) != 0 ||
      event_add(on_look_.get(), &second) != 0)
    throw Error(ErrorKind::Internal, "the gate's event loop can't be made");
}

void GateLoop::bind(std::uint16_t port, std::size_t most_connections, bool is_first) {
  most_ = most_connections;
  make_base();
  evhttp_set_max_headers_size(http_.get(), static_cast<ev_ssize_t>(settings_.header_bytes));
  evhttp_set_max_body_size(http_.get(), longest_body);
  evhttp_set_timeout(http_.get(), static_cast<int>(settings_.silence.count()));
  evhttp_set_allowed_methods(http_.get(), EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
  evhttp_set_default_content_type(http_.get(), nullptr);
  evhttp_set_gencb(http_.get(), &GateLoop::requested, this);
  evhttp_set_bevcb(http_.get(), &GateLoop::connected, this);
  GateSocket socket = listen_at(settings_.address, port, is_first);
  port_ = port_of(socket.get());
  evhttp_bound_socket* bound = evhttp_accept_socket_with_handle(http_.get(), socket.get());
  if (bound == nullptr) throw Error(ErrorKind::Internal, "the gate can't accept connections");
  socket.release();  // the listener's now
  listener_ = evhttp_bound_socket_get_listener(bound);
  evconnlistener_set_error_cb(listener_, &GateLoop::accept_failed);
  evconnlistener_disable(listener_);
}

void GateLoop::start(GateQuestions& questions) {
  questions_ = &questions;
  evconnlistener_enable(listener_);
  thread_ = std::thread([this] {
    unfinished_here = &unfinished_;
    event_base_dispatch(base_.get());
    // Here, as this thread is the only one that may touch them.
    http_.reset();  // its connections take their requests out of `waiting_`
    on_look_.reset();
    on_call_.reset();
  });
}

void GateLoop::stop() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void GateLoop::wake() const {
  const std::uint64_t one = 1;
  // It can only be full of other calls, which wake as well.
  [[maybe_unused]] const ssize_t written = ::write(called_.get(), &one, sizeof(one));
}

// From a thread of who asks.
void GateLoop::answered(std::uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    answers_.push_back(number);
  }
  wake();
}

// Bytes of a request: libevent's own limit is for silence alone, and starts anew with each of them.
void GateLoop::came_in(evbuffer*, const evbuffer_cb_info* what, void* connection) {
  if (what->n_added > 0)
    unfinished_here->more(bufferevent_getfd(static_cast<bufferevent*>(connection)), Clock::now());
}

bufferevent* GateLoop::connected(event_base*, void* self) {
  bufferevent* connection = of(self).made();
  if (connection != nullptr)
    evbuffer_add_cb(bufferevent_get_input(connection), &GateLoop::came_in, connection);
  return connection;
}

bufferevent* GateLoop::made() {
  count();
  if (settings_.tls != nullptr) return accept_secured(base_.get(), *settings_.tls, handshake_failed_);
  return bufferevent_socket_new(base_.get(), -1, BEV_OPT_CLOSE_ON_FREE);
}

// A connection is an event that waits to be read, and its timeout; what else waits is three.
std::size_t GateLoop::counted() {
  const int events = event_base_get_num_events(base_.get(), EVENT_BASE_COUNT_ADDED);
  const std::size_t now = events > 3 ? static_cast<std::size_t>(events - 3 + 1) / 2 : 0;
  connections_.store(now, std::memory_order_relaxed);
  return now;
}

void GateLoop::count() {
  if (full_ || counted() < most_) return;
  full_ = true;
  evconnlistener_disable(listener_);
  event_add(on_look_.get(), &look_every);
}

void GateLoop::look(evutil_socket_t, short, void* self) {
  GateLoop& loop = of(self);
  loop.unfinished_.cut_older_than(Clock::now() - loop.settings_.request_within);
  if (loop.counted() >= loop.most_ || !loop.full_) return;
  loop.full_ = false;
  evconnlistener_enable(loop.listener_);
  const timeval second{1, 0};
  event_add(loop.on_look_.get(), &second);
}

// No file descriptors left: later, when others went.
void GateLoop::accept_failed(evconnlistener* failed, void*) {
  event_base* base = evconnlistener_get_base(failed);
  evconnlistener_disable(failed);
  event_base_once(
      base, -1, EV_TIMEOUT,
      [](evutil_socket_t, short, void* one) { evconnlistener_enable(static_cast<evconnlistener*>(one)); },
      failed, &look_every);
}

void GateLoop::take_calls(evutil_socket_t, short, void* self) {
  GateLoop& loop = of(self);
  std::uint64_t calls = 0;
  [[maybe_unused]] const ssize_t got = ::read(loop.called_.get(), &calls, sizeof(calls));
  if (loop.stopping_) {
    event_base_loopbreak(loop.base_.get());
    return;
  }
  std::vector<std::uint64_t> done;
  {
    const std::lock_guard lock(loop.mutex_);
    done.swap(loop.answers_);
  }
  for (const std::uint64_t number : done) {
    const auto found = loop.waiting_.find(number);
    if (found == loop.waiting_.end()) continue;  // the client went meanwhile
    Waiting one = std::move(found->second);
    loop.waiting_.erase(found);
    evhttp_connection_set_closecb(evhttp_request_get_connection(one.request), nullptr, nullptr);
    if (one.prepared)
      loop.finish(one.request, one.begun, *one.prepared);
    else
      loop.answer(one.request, one.begun, one.asked);
  }
}

void GateLoop::requested(evhttp_request* request, void* self) {
  GateLoop& loop = of(self);
  loop.unfinished_.finished(
      bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(request))));
  loop.answer(request, Clock::now(), {});
}

GateAnswer GateLoop::judged(evhttp_request* request) {
  char* peer = nullptr;
  ev_uint16_t peer_port = 0;
  evhttp_connection_get_peer(evhttp_request_get_connection(request), &peer, &peer_port);
  headers_.clear();
  for (const evkeyval* one = evhttp_request_get_input_headers(request)->tqh_first; one != nullptr;
       one = one->next.tqe_next)
    headers_.emplace_back(one->key, one->value);
  const char* target = evhttp_request_get_uri(request);
  try {
    return judge_.answer({.method = method_of(evhttp_request_get_command(request)),
                          .target = target == nullptr ? "" : target,
                          .peer = peer == nullptr ? "" : peer,
                          .headers = headers_});
  } catch (...) {
    // Whatever it was: nobody passes by it.
    return nobody_passes();
  }
}

void GateLoop::answer(evhttp_request* request, Clock::time_point begun, Asked asked) {
  GateAnswer reply = judged(request);
  if (reply.introspect) {
    const TokenQuestion& token = *reply.introspect;
    // Once about each.
    if (asked.tokens < most_tokens_asked && token.digest != asked.last) {
      ++asked.tokens;
      asked.last = token.digest;
      if (wait(request, {.begun = begun, .asked = asked, .prepared = {}},
               [&](GateQuestions::Done done) { return questions_->about_token(token, std::move(done)); }))
        return;
    }
    // It came back without an answer, or nobody could be asked: the judge knows what to do with that.
    judge_.introspected(token.digest, {}, judge_.settings().clock().now);
    if (!asked.in_vain) {
      asked.in_vain = true;
      return answer(request, begun, asked);
    }
    reply = nobody_passes();
  }
  if (reply.ask) {
    if (!asked.session) {
      asked.session = true;
      if (wait(request, {.begun = begun, .asked = asked, .prepared = {}}, [&](GateQuestions::Done done) {
            return questions_->about_session(*reply.ask, std::move(done));
          }))
        return;
    }
    // Nobody could be asked: that, too, is an answer that the judge knows what to do with.
    judge_.learnt(*reply.ask, model::Liveness::Unknown, judge_.settings().clock().now);
    if (!asked.in_vain) {
      asked.in_vain = true;
      return answer(request, begun, asked);
    }
    reply = nobody_passes();
  }
  if (reply.revoke) {
    auto prepared = std::make_unique<GateAnswer>(reply);
    prepared->revoke.reset();  // who revokes has it
    if (wait(request, {.begun = begun, .asked = {}, .prepared = std::move(prepared)},
             [&](GateQuestions::Done done) {
               return questions_->revoke(*reply.revoke, reply.revoked_session, std::move(done));
             }))
      return;
  }
  finish(request, begun, reply);
}

void GateLoop::finish(evhttp_request* request, Clock::time_point begun, const GateAnswer& reply) {
  send(request, reply);
  if (reply.decision && settings_.decided)
    settings_.decided(*reply.decision, std::chrono::duration<double>(Clock::now() - begun).count());
}

bool GateLoop::wait(evhttp_request* request, Waiting what, const Put& put) {
  const std::uint64_t number = ++last_number_;
  what.request = request;
  what.loop = this;
  what.number = number;
  Waiting& one = waiting_.emplace(number, std::move(what)).first->second;
  evhttp_connection_set_closecb(evhttp_request_get_connection(request), &GateLoop::went, &one);
  if (put([this, number] { answered(number); })) return true;
  evhttp_connection_set_closecb(evhttp_request_get_connection(request), nullptr, nullptr);
  waiting_.erase(number);
  return false;
}

void GateLoop::went(evhttp_connection*, void* one) {
  const Waiting& gone = *static_cast<Waiting*>(one);
  GateLoop* const loop = gone.loop;
  loop->waiting_.erase(gone.number);
}

void GateLoop::send(evhttp_request* request, const GateAnswer& reply) {
  evkeyvalq* headers_out = evhttp_request_get_output_headers(request);
  for (const auto& [name, value] : reply.headers) evhttp_add_header(headers_out, name.c_str(), value.c_str());
  if (!reply.content_type.empty())
    evhttp_add_header(headers_out, "Content-Type", std::string(reply.content_type).c_str());
  if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
    evhttp_add_header(headers_out, "Content-Length", std::to_string(reply.body.size()).c_str());
  } else if (!reply.body.empty()) {
    evbuffer_add(out_.get(), reply.body.data(), reply.body.size());
  }
  evhttp_send_reply(request, reply.status, nullptr, out_.get());
  evbuffer_drain(out_.get(), evbuffer_get_length(out_.get()));
}

}  // namespace curfew::api
