#include "core/api/gate_server.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/api/gate_loop.hpp"
#include "core/api/gate_socket.hpp"

namespace curfew::api {

struct GateServer::State {
  State(GateServerSettings wanted, GateJudge& gate_judge) : settings(std::move(wanted)), judge(gate_judge) {}
  const GateServerSettings settings;
  GateJudge& judge;
  std::unique_ptr<GateQuestions> questions;
  std::vector<std::unique_ptr<GateLoop>> loops;
  std::size_t most_connections = 0;
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
    auto loop = std::make_unique<GateLoop>(state_->settings, state_->judge);
    loop->bind(port, std::max<std::size_t>(1, state_->most_connections / threads), i == 0);
    port = loop->port();
    state_->loops.push_back(std::move(loop));
  }
}

void GateServer::start() {
  bind();
  state_->questions = std::make_unique<GateQuestions>(state_->settings.questions, state_->judge);
  for (const auto& loop : state_->loops) loop->start(*state_->questions);
}

void GateServer::stop() {
  if (state_->questions) state_->questions->stop();
  for (const auto& loop : state_->loops) loop->stop();
  state_->loops.clear();
}

std::uint16_t GateServer::port() const {
  return state_->loops.empty() ? state_->settings.port : state_->loops.front()->port();
}

std::size_t GateServer::connections() const {
  std::size_t sum = 0;
  for (const auto& loop : state_->loops) sum += loop->connections();
  return sum;
}

std::size_t GateServer::most_connections() const { return state_->most_connections; }

}  // namespace curfew::api
