// Pushes a part of a made world through a pipeline of its own, and stops or is killed in the midst of it:
//
//   restart_filler CONNINFO FOLDER BEGAN SESSIONS SNAPSHOT_EVERY FROM TO stop|kill
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "tests/support/pushed_ledger.hpp"

int main(int argc, char** argv) {
  using namespace curfew;
  if (argc != 9) return 2;
  try {
    const auto number = [&](int index) { return std::strtoull(argv[index], nullptr, 10); };
    const support::PushedWorld world{.sessions = number(4),
                                     .observations = number(7),
                                     .snapshot_every = number(5),
                                     .began = base::from_micros(static_cast<std::int64_t>(number(3)))};
    app::Log log(app::LogLevel::Error);
    std::atomic<bool> committed = false;
    app::PipelineOptions options = support::options_for(world, argv[2], {argv[1]});
    options.on_commit = [&committed](const app::Batch&) {
      committed = true;
      committed.notify_all();
    };
    app::Pipeline pipeline(std::move(options), log);
    pipeline.start();
    support::push(pipeline, world, number(6), world.observations);
    // With what is queued, sealed and half sent still under way, and some of it durable.
    if (std::string_view(argv[8]) == "kill") {
      committed.wait(false);
      ::kill(::getpid(), SIGKILL);
    }
    support::await_durable(pipeline);
    pipeline.stop(std::chrono::minutes(5));
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
