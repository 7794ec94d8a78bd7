#include "plugins/replay/acts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace curfew::replay {
namespace {

using nlohmann::json;
using plugin::Failure;

}  // namespace

Acts::~Acts() {
  if (file_ >= 0) ::close(file_);
}

std::vector<std::string> Acts::open(const std::string& path) {
  if (path.empty()) return {};
  path_ = path;
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0)
    throw Failure(plugin::Code::Unavailable, path + ": can't be opened: " + std::strerror(errno));
  std::vector<std::string> ended;
  std::ifstream in(path);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const json act = json::parse(line, nullptr, false);
    if (!act.is_object() || !act.contains("ended")) {
      throw Failure(plugin::Code::Invalid,
                    path + ":" + std::to_string(number) + ": is no act; take the line out");
    }
    for (const json& session : act["ended"]) ended.push_back(session.get<std::string>());
  }
  return ended;
}

void Acts::append(const Act& act) {
  if (file_ < 0) return;
  const json object{{"at", act.at.time_since_epoch().count()},
                    {"step", act.step},
                    {"revert", act.revert},
                    {"answer", act.answer},
                    {"digest", plugin::to_hex(act.digest.bytes)},
                    {"session", act.session},
                    {"ended", act.ended}};
  const std::string line = object.dump() + "\n";
  const std::lock_guard lock(mutex_);
  // One write: a process that is killed leaves the whole line or none of it.
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(file_) != 0)
    throw Failure(plugin::Code::Failed, path_ + ": can't be written: " + std::strerror(errno));
}

}  // namespace curfew::replay
