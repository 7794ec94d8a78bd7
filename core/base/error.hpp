// The one exception type of the core.
//
//   throw Error(ErrorKind::Configuration, "curfew.yaml:12:3: unknown key 'limt'; did you mean 'limit'?");
//
// Throw it when the work can't be done; return a value when the answer may be "no". Errors of Poco, pqxx and
// the C libraries are translated where those libraries are used. The text is for an administrator: what,
// where, what to do. Secrets are masked before they reach it. Threads: a value. Owns: its text.
#pragma once

#include <stdexcept>
#include <string>

namespace curfew {

enum class ErrorKind {
  Usage,          // the command line; exit code 2
  Configuration,  // the configuration; exit code 78
  Input,          // data from outside that can't be used
  Unavailable,    // a server or file is away: trying later may help
  Corrupt,        // stored data contradicts itself: never go on
  Internal,       // a defect of ours
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace curfew
