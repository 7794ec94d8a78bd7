#include "core/app/recognition.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"

namespace curfew::app {

namespace fs = std::filesystem;

class Recogniser {
 public:
  Recogniser(std::string connector, bool is_ready) : connector_(std::move(connector)), is_ready_(is_ready) {}

  void add(const std::string& expression) {
    RE2::Options options(RE2::Quiet);
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_one_line(false);
    options.set_max_mem(1 << 20);
    auto one = std::make_unique<RE2>("(?m)" + expression, options);
    if (!one->ok())
      throw Error(ErrorKind::Configuration,
                  "connector '" + connector_ + "': x-curfew-recognises: " + expression + ": " + one->error());
    expressions_.push_back(std::move(one));
  }
  // Where the first of its expressions is found; npos: none is.
  [[nodiscard]] std::size_t place_in(const std::string& head) const {
    std::size_t first = std::string::npos;
    const re2::StringPiece text(head);
    for (const auto& one : expressions_) {
      re2::StringPiece found;
      if (one->Match(text, 0, text.size(), RE2::UNANCHORED, &found, 1))
        first = std::min(first, static_cast<std::size_t>(found.data() - text.data()));
    }
    return first;
  }
  [[nodiscard]] const std::string& connector() const { return connector_; }
  [[nodiscard]] bool is_ready() const { return is_ready_; }

 private:
  std::string connector_;
  bool is_ready_;
  std::vector<std::unique_ptr<RE2>> expressions_;
};

namespace {

constexpr std::size_t head_size = 64U << 10U;
constexpr std::size_t most_members = 200;

struct Close {
  void operator()(archive* one) const { archive_read_free(one); }
};

bool is_packed(const std::string& head) {
  return head.starts_with("\x1f\x8b") || head.starts_with("PK\x03\x04") || head.starts_with("BZh") ||
         head.starts_with(
             "\xfd"
             "7zXZ") ||
         head.starts_with("\x28\xb5\x2f\xfd") || head.starts_with("7z\xbc\xaf") ||
         (head.size() > 262 && head.compare(257, 5, "ustar") == 0);
}

std::string head_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorKind::Input, path + ": can't be read; check its rights");
  std::string head(head_size, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  return head;
}

// The beginnings of an archive's members; what can't be unpacked is for its connector to say.
std::vector<std::string> members_of(const std::string& path) {
  std::vector<std::string> heads;
  const std::unique_ptr<archive, Close> packed(archive_read_new());
  archive_read_support_filter_all(packed.get());
  archive_read_support_format_all(packed.get());
  archive_read_support_format_raw(packed.get());
  constexpr std::size_t block = 64U << 10U;
  if (archive_read_open_filename(packed.get(), path.c_str(), block) != ARCHIVE_OK) return heads;
  archive_entry* entry = nullptr;
  while (heads.size() < most_members && archive_read_next_header(packed.get(), &entry) == ARCHIVE_OK) {
    std::string head(head_size, '\0');
    const la_ssize_t got = archive_read_data(packed.get(), head.data(), head.size());
    if (got <= 0) continue;
    head.resize(static_cast<std::size_t>(got));
    heads.push_back(std::move(head));
  }
  return heads;
}

std::vector<std::string> files_below(const std::vector<std::string>& inputs) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    if (!fs::is_directory(input)) {
      files.push_back(input);
      continue;
    }
    std::vector<std::string> found;
    std::error_code error;
    for (auto it =
             fs::recursive_directory_iterator(input, fs::directory_options::skip_permission_denied, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with('.') || name == "__MACOSX") {
        if (it->is_directory(error)) it.disable_recursion_pending();
        continue;
      }
      if (it->is_regular_file(error)) found.push_back(it->path().string());
    }
    if (error) throw Error(ErrorKind::Input, input + ": can't be listed: " + error.message());
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace

Recognisers::Recognisers(const std::vector<connector::PluginInfo>& plugins,
                         const std::vector<std::string>& configured) {
  for (const connector::PluginInfo& plugin : plugins) {
    const auto schema = nlohmann::json::parse(plugin.config_schema, nullptr, false);
    if (!schema.is_object() || !schema.contains("x-curfew-recognises")) continue;
    const bool needs = schema.value("x-curfew-needs-settings", false);
    const bool is_configured =
        std::find(configured.begin(), configured.end(), plugin.name) != configured.end();
    auto one = std::make_unique<Recogniser>(plugin.name, !needs || is_configured);
    for (const auto& expression : schema.at("x-curfew-recognises")) {
      if (expression.is_string()) one->add(expression.get<std::string>());
    }
    all_.push_back(std::move(one));
  }
}

Recognisers::~Recognisers() = default;

std::string Recognisers::of_head(std::string head) const {
  std::erase(head, '\0');
  std::size_t first = std::string::npos;
  std::string whose;
  for (const auto& one : all_) {
    const std::size_t place = one->place_in(head);
    if (place >= first) continue;
    first = place;
    whose = one->connector();
  }
  return whose;
}

std::string Recognisers::of_file(const std::string& path) const {
  std::string head = head_of(path);
  if (!is_packed(head)) return of_head(std::move(head));
  std::map<std::string, std::size_t> votes;
  for (std::string& member : members_of(path)) {
    if (std::string whose = of_head(std::move(member)); !whose.empty()) ++votes[whose];
  }
  const auto most = std::max_element(votes.begin(), votes.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? std::string{} : most->first;
}

Recognition Recognisers::recognise(const std::vector<std::string>& inputs) const {
  Recognition out;
  for (const std::string& path : files_below(inputs)) {
    const std::string whose = of_file(path);
    if (whose.empty()) {
      out.unknown.push_back(path);
      continue;
    }
    const auto one =
        std::find_if(all_.begin(), all_.end(), [&](const auto& any) { return any->connector() == whose; });
    ((*one)->is_ready() ? out.inputs : out.unready)[whose].push_back(path);
  }
  return out;
}

}  // namespace curfew::app
