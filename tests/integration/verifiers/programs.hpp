// The verifiers that share no code with ours, as processes: the Python script and the Go program.
//
// Threads: one. Fails: a program that can't be run has the code -1.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace curfew::ledger {

namespace files = std::filesystem;

struct Ran {
  int code = -1;
  std::string output;
};

inline Ran run(const std::string& command) {
  Ran out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  while (const std::size_t length = std::fread(buffer, 1, sizeof buffer, pipe))
    out.output.append(buffer, length);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) out.code = WEXITSTATUS(status);
  return out;
}

inline std::string read_file(const files::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const files::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline const std::string script = CURFEW_SOURCE_DIR "/docs/verify/verify_ledger.py";

// The Go verifier, built once; empty when that can't be done here, `why` says why.
struct GoVerifier {
  std::string path;
  std::string why;
  GoVerifier() {
    if (run("command -v go").code != 0) {
      why = "needs go: no Go compiler is installed";
      return;
    }
    const std::string target = CURFEW_BINARY_DIR "/go_verifier";
    const Ran built = run("cd " CURFEW_SOURCE_DIR
                          "/docs/verify/go && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false go build -o " +
                          target + " .");
    if (built.code == 0) {
      path = target;
      return;
    }
    bool no_modules = false;
    for (const char* sign :
         {"dial tcp", "proxyconnect", "no such host", "i/o timeout", "module lookup disabled", "Forbidden"})
      no_modules = no_modules || built.output.find(sign) != std::string::npos;
    why = (no_modules ? "needs go: the module golang.org/x/mod can't be downloaded: " : "BROKEN: ") +
          built.output;
  }
};
inline const GoVerifier& go_verifier() {
  static const GoVerifier verifier;
  return verifier;
}

}  // namespace curfew::ledger
