#include "tests/integration/spnego/web_client.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "tests/integration/spnego/spnego_site.hpp"

namespace curfew::spnego_test {
namespace {

namespace fs = std::filesystem;

std::string read(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

WebClient::WebClient(support::SambaDomain& domain, std::filesystem::path cache, int port)
    : domain_(domain), cache_(std::move(cache)), port_(port) {}

WebClient::Answer WebClient::ask(const std::string& path, int port,
                                 const std::vector<std::string>& how) const {
  const std::string address = SpnegoSite::host + ":" + std::to_string(port);
  std::vector<std::string> words{"curl", "-s",           "-o",        at("body"),
                                 "-w",   "%{http_code}", "--resolve", address + ":127.0.0.1"};
  words.insert(words.end(), how.begin(), how.end());
  words.push_back("http://" + address + path);
  const auto outcome = domain_.run(std::move(words), {}, {{"KRB5CCNAME", "FILE:" + cache_.string()}});
  if (outcome.code != 0)
    throw std::runtime_error("curl: exit code " + std::to_string(outcome.code) + " " + outcome.output);
  return {std::stoi(outcome.output), read(at("body"))};
}

// Where no cookie is left, curl writes no jar at all.
WebClient::Answer WebClient::get(const std::string& path) const {
  const fs::path before = at("jar-before");
  fs::remove(before);
  if (fs::exists(at("jar"))) fs::rename(at("jar"), before);
  return ask(path, port_, {"-b", before.string(), "-c", at("jar"), "--anyauth", "-u", ":"});
}

bool WebClient::takes(const std::string& cookie, int port) const {
  const Answer answer = ask("/app/index.html", port, {"-b", "gssapi_session=" + cookie});
  return answer.status == 200 && answer.body.find(SpnegoSite::marker) != std::string::npos;
}

bool WebClient::sees_marker() const {
  const Answer answer = get("/app/index.html");
  return answer.status == 200 && answer.body.find(SpnegoSite::marker) != std::string::npos;
}

void WebClient::sign_out() const {
  if (get("/app/signed-out.html").status != 200) throw std::runtime_error("the site's sign-out fails");
}

// Netscape's format: the last two fields of a line are name and value.
std::string WebClient::cookie() const {
  const std::string jar = read(at("jar"));
  const std::string name = "gssapi_session\t";
  const auto found = jar.rfind(name);
  if (found == std::string::npos) return {};
  const auto from = found + name.size();
  return jar.substr(from, jar.find('\n', from) - from);
}

}  // namespace curfew::spnego_test
