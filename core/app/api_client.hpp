// The daemon's API, as the command line asks it.
//
//   app::ApiClient daemon(app::access_of(options));
//   const std::string body = daemon.get("/api/v1/sessions?live=true");
//
// Threads: one. Owns: the access; each request has a connection of its own. Fails: Error(Unavailable) with
// what the daemon said; Error(Usage) for a URL that is none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/app/commands.hpp"

namespace curfew::app {

struct Access {
  std::string url;
  std::string token;
  // With https: who is believed. The daemon's own certificate file is, whatever name it is for.
  std::string certificates;  // PEM file; empty: what the system trusts
  bool pinned = false;
};

// What a token is for.
enum class Need : std::uint8_t { Reading, Names, Orders };

// --url and --token-file, else the configuration's operator listener and the first token in a file that may
// do what is needed.
[[nodiscard]] Access access_of(const DaemonOptions& options, Need need = Need::Reading);

class ApiClient {
 public:
  explicit ApiClient(Access access);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  [[nodiscard]] std::string get(const std::string& path) const;
  // Whatever it is, not only JSON.
  [[nodiscard]] std::string get_text(const std::string& path) const;
  [[nodiscard]] std::string post(const std::string& path, const std::string& json) const;

  struct Event {
    std::string name;
    std::string data;
  };
  // A live stream that the daemon has begun to send: nothing that happens from now on is missed.
  class Stream {
   public:
    // False: it ended or broke off.
    bool next(Event& event);

   private:
    friend class ApiClient;
    struct Connection;
    std::shared_ptr<Connection> connection_;
  };
  [[nodiscard]] Stream open_stream(const std::string& path) const;

 private:
  struct Place;
  std::unique_ptr<Place> place_;
};

}  // namespace curfew::app
