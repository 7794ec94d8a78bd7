#include "tests/support/gate_nginx.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace curfew::support {

namespace fs = std::filesystem;

GateNginx::GateNginx(const fs::path& folder, const GateNginxPlaces& places) : port_(places.port) {
  const fs::path shipped = fs::path(CURFEW_SOURCE_DIR) / "docs/proxies/nginx.conf";
  std::ifstream in(shipped);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto put = [&](const std::string& from, const std::string& to) {
    const std::size_t place = text.find(from);
    if (place == std::string::npos) throw std::runtime_error(shipped.string() + " has no '" + from + "'");
    text.replace(place, from.size(), to);
  };
  put("127.0.0.1:8471", "127.0.0.1:" + std::to_string(places.gate));
  put("127.0.0.1:8080", "127.0.0.1:" + std::to_string(places.application));
  std::string listen = "listen 127.0.0.1:" + std::to_string(port_);
  if (places.certificate)
    listen += " ssl;\n  ssl_certificate " + places.certificate->certificate + ";\n  ssl_certificate_key " +
              places.certificate->key;
  put("listen 80;", listen + ";");
  const auto at = [&](const std::string& name) { return (folder / name).string(); };
  std::ofstream(at("snippet.conf")) << text;
  std::ofstream main(at("nginx.conf"));
  main << "daemon off; master_process off; pid " << at("nginx.pid") << "; error_log " << at("nginx.log")
       << ";\nevents {}\nhttp { access_log " << at("nginx-access.log") << ";\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    main << kind << "_temp_path " << at(kind) << ";\n";
  main << "include " << at("snippet.conf") << ";\n}\n";
  main.close();
  process_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{program, "-c", at("nginx.conf"), "-p", folder.string()},
      std::map<std::string, std::string>{}, folder / "nginx.out");
  if (!wait_for_port(port_)) throw std::runtime_error("nginx does not listen; see " + at("nginx.log"));
}

}  // namespace curfew::support
