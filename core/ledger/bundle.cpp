#include "core/ledger/bundle.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/ledger/bundle_parts.hpp"
#include "core/model/json_object.hpp"

namespace curfew::ledger {
namespace {

using Kind = BundleProblemKind;
using simdjson::dom::element;

constexpr std::string_view seal_title = "curfew evidence bundle, format 1";
constexpr std::string_view seal_line = "manifest ";
constexpr std::size_t longest_manifest = 16U << 20U;

std::string seal_text(std::string_view manifest) {
  return std::string(seal_title) + '\n' + std::string(seal_line) + base::to_hex(base::sha256(manifest)) +
         '\n';
}

struct ManifestLine {
  std::string_view name;
  std::string_view digest;
  std::uint64_t size = 0;
};

// "<64 hex> <size> <name>"
std::optional<ManifestLine> parse_line(std::string_view line) {
  ManifestLine out;
  const auto first = line.find(' ');
  const auto second = line.find(' ', first + 1);
  if (first != 64 || second == std::string_view::npos) return std::nullopt;
  out.digest = line.substr(0, first);
  const std::string_view digits = line.substr(first + 1, second - first - 1);
  out.name = line.substr(second + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.size);
  if (error != std::errc{} || end != digits.data() + digits.size() || std::to_string(out.size) != digits ||
      !is_member_name(out.name))
    return std::nullopt;
  return out;
}

bool is_rendering(std::string_view name) {
  if (!name.starts_with("report.") || name.size() > 32) return false;
  return name.find('/') == std::string_view::npos;
}

class BundleCheck {
 public:
  BundleCheck(std::string_view bytes, const BundleOptions& options) : bytes_(bytes), options_(options) {
    verdict_.problems.most_listed = options.most_problems;
  }

  BundleVerdict check() {
    if (bytes_.size() > largest_bundle) {
      tell(Kind::Archive, {}, "it is larger than " + std::to_string(largest_bundle >> 20U) + " MiB");
      return std::move(verdict_);
    }
    const ReadArchive archive = read_archive(bytes_);
    if (!archive.broken.empty()) tell(Kind::Archive, {}, archive.broken);
    read_manifest(archive.members);
    read_contents();
    check_names();
    check_seal();
    if (const auto report = members_.find("report.json"); report != members_.end() && readable_) {
      const BundleCoverage coverage = coverage_in(parts_, verdict_.problems);
      check_personal(parts_, members_, coverage, verdict_);
      check_report(report->second, parts_, verdict_);
    }
    for (const StreamPart& part : parts_) verdict_.streams.push_back(part.said);
    check_outside(options_.checkpoints, options_.keys, parts_, members_, verdict_);
    if (options_.keys.empty())
      verdict_.not_excluded.emplace_back(
          "the keys came with the bundle, so one made with another key would not show: compare the "
          "fingerprints, or "
          "give the keys that you wrote down");
    return std::move(verdict_);
  }

 private:
  void tell(Kind kind, std::string_view member, std::string text) {
    verdict_.problems.add(kind, std::string(member), {}, std::move(text));
  }

  void read_manifest(const std::vector<ArchiveMember>& members) {
    if (members.size() < 2 || members[0].name != "seal" || members[1].name != "manifest") {
      tell(Kind::Manifest, {}, "it doesn't begin with the members 'seal' and 'manifest'");
      return;
    }
    seal_ = members[0].content;
    manifest_ = members[1].content;
    for (std::size_t i = 0; i < members.size(); ++i) places_[members[i].name] = i;
    std::size_t next = 2;
    std::string_view rest = manifest_.size() > longest_manifest ? std::string_view{} : manifest_;
    if (rest.empty() || rest.back() != '\n')
      tell(Kind::Manifest, "manifest", "it is empty, cut off or too long");
    std::size_t number = 0;
    while (!rest.empty()) {
      const std::string_view text = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), text.size() + 1));
      ++number;
      const auto line = parse_line(text);
      if (!line) {
        tell(Kind::Manifest, "manifest",
             "line " + std::to_string(number) + " is not '<SHA-256> <size> <name>'");
        continue;
      }
      take_line(*line, members, next);
    }
    for (; next < members.size(); ++next)
      tell(Kind::MemberUnexpected, members[next].name, "the manifest doesn't name it there");
  }

  void take_line(const ManifestLine& line, const std::vector<ArchiveMember>& members, std::size_t& next) {
    // What was added is passed over, what is missing is waited for: both are told by their names.
    const auto found = places_.find(line.name);
    if (found == places_.end() || found->second < next) {
      tell(Kind::MemberMissing, line.name,
           "the manifest names it, and it is not there, or not in this order");
      return;
    }
    for (; members[next].name != line.name; ++next)
      tell(Kind::MemberUnexpected, members[next].name, "the manifest doesn't name it there");
    const ArchiveMember& member = members[next++];
    members_[member.name] = member.content;
    if (member.content.size() != line.size)
      tell(Kind::MemberChanged, line.name,
           "it has " + std::to_string(member.content.size()) + " bytes, the manifest says " +
               std::to_string(line.size));
    else if (base::to_hex(base::sha256(member.content)) != line.digest)
      tell(Kind::MemberChanged, line.name, "its SHA-256 is not the one in the manifest");
  }

  void read_contents() {
    const auto found = members_.find("bundle.json");
    if (found == members_.end()) {
      tell(Kind::Contents, "bundle.json", "without it nothing else can be checked");
      return;
    }
    try {
      simdjson::dom::parser parser;
      element root;
      simdjson::dom::array streams;
      std::uint64_t format = 0;
      if (parser.parse(found->second.data(), found->second.size()).get(root) != simdjson::SUCCESS ||
          root["format"].get(format) != simdjson::SUCCESS ||
          root["streams"].get(streams) != simdjson::SUCCESS ||
          root["names"].get(verdict_.names) != simdjson::SUCCESS)
        throw Error(ErrorKind::Input, "it is not {\"format\":1,\"names\":…,\"streams\":[…]}");
      if (format != 1)
        throw Error(ErrorKind::Input,
                    "its format is " + std::to_string(format) + ": this program knows format 1");
      if (streams.size() == 0 || streams.size() > most_bundle_streams)
        throw Error(ErrorKind::Input, "it names " + std::to_string(streams.size()) + " streams");
      for (const element& stream : streams) read_stream(stream);
      readable_ = true;
    } catch (const Error& error) {
      tell(Kind::Contents, "bundle.json", error.what());
    }
  }

  void read_stream(const element& stream) {
    BundleStream said;
    std::string_view origin;
    std::uint64_t records = 0;
    if (stream["number"].get(said.number) != simdjson::SUCCESS ||
        stream["origin"].get(origin) != simdjson::SUCCESS ||
        stream["size"].get(said.size) != simdjson::SUCCESS ||
        stream["records"].get(records) != simdjson::SUCCESS)
      throw Error(ErrorKind::Input, "a stream has not number, origin, size and records");
    said.origin = origin;
    element first;
    if (stream["first"].get(first) == simdjson::SUCCESS && !first.is_null()) {
      said.has_run = true;
      if (first.get(said.first) != simdjson::SUCCESS || stream["last"].get(said.last) != simdjson::SUCCESS ||
          said.first > said.last || said.last >= said.size)
        throw Error(ErrorKind::Input, "first and last of " + said.origin + " are no entries of it");
    }
    for (const StreamPart& other : parts_) {
      if (other.said.number == said.number || other.said.origin == said.origin)
        throw Error(ErrorKind::Input, "it names a stream twice");
    }
    parts_.push_back(check_stream(said, members_, options_.keys, verdict_.problems));
    if (parts_.back().records.size() != records)
      tell(Kind::Contents, bundle_folder(said.number) + "leaves",
           "it has " + std::to_string(parts_.back().records.size()) + " records, bundle.json says " +
               std::to_string(records));
  }

  // Everything that a bundle must have is there, and nothing that it can't have.
  void check_names() {
    std::set<std::string> needed{"README", "bundle.json", "report.json"};
    std::set<std::string> allowed;
    std::set<std::string> tiles;
    for (const StreamPart& part : parts_) {
      const std::string folder = bundle_folder(part.said.number);
      for (const char* name : {"key", "checkpoint", "leaves"}) needed.insert(folder + name);
      for (const char* name : {"consistency", "personal.ndjson"}) allowed.insert(folder + name);
      tiles.insert(folder + "tile");
    }
    for (const auto& [name, content] : members_) {
      const std::string text(name);
      const bool is_tile = tiles.contains(text.substr(0, text.find("tile/") + 4));
      if (needed.erase(text) == 0 && !allowed.contains(text) && !is_tile && !is_rendering(text))
        tell(Kind::MemberUnexpected, text, "a bundle has no such member");
    }
    for (const std::string& name : needed) tell(Kind::MemberMissing, name, "every bundle has it");
  }

  // By a key of a stream in the bundle: one that was given, or else the bundle's own.
  void check_seal() {
    if (manifest_.empty()) return;
    std::vector<VerifierKey> keys;
    for (const StreamPart& part : parts_) {
      for (const VerifierKey& key : options_.keys) {
        if (key.name() == part.said.origin) keys.push_back(key);
      }
      if (options_.keys.empty() && part.key) keys.push_back(*part.key);
    }
    try {
      const OpenedNote note = open_note(seal_, keys);
      if (!note.text.starts_with(std::string(seal_title) + '\n'))
        tell(Kind::Seal, "seal", "what is signed is not the seal of a bundle");
      else if (note.text != seal_text(manifest_))
        tell(Kind::Manifest, "manifest", "it is not the one that was sealed");
      else
        verdict_.sealed_by = note.verified.front();
    } catch (const Error& error) {
      tell(Kind::Seal, "seal", error.what());
    }
  }

  std::string_view bytes_;
  const BundleOptions& options_;
  BundleVerdict verdict_;
  std::map<std::string_view, std::size_t> places_;  // in the archive
  BundleMembers members_;
  std::string_view seal_;
  std::string_view manifest_;
  std::vector<StreamPart> parts_;
  bool readable_ = false;  // bundle.json
};

template <typename Append>
void write_list(std::string& out, std::string_view key, std::size_t count, Append append) {
  out += ",\"" + std::string(key) + "\":[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append(i);
  }
  out += ']';
}

void write(std::string& out, const BundleStream& stream) {
  model::JsonObject object(out);
  object.number("number", stream.number);
  object.text("origin", base::to_clean_utf8(stream.origin));
  object.number("size", stream.size);
  object.text("root", base::to_hex(stream.root));
  object.text("verifier_key", stream.key);
  object.text("fingerprint", stream.fingerprint);
  object.number("records", stream.records);
  if (stream.has_run) {
    object.number("first", stream.first);
    object.number("last", stream.last);
  }
  object.number("outside_size", stream.outside_size);
  object.end();
}

void write(std::string& out, const BundleProblem& problem) {
  model::JsonObject object(out);
  object.name("kind", problem.kind);
  object.text("member", base::to_clean_utf8(problem.member));
  if (problem.sequence) object.number("sequence", *problem.sequence);
  object.text("text", base::to_clean_utf8(problem.text));
  object.end();
}

// For a terminal: no control character of a stranger's gets there.
std::string printable(std::string_view text) {
  std::string out = base::to_clean_utf8(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

std::string plural(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

}  // namespace

std::string describe(const BundleProblem& problem) {
  return std::string(model::name_of(problem.kind)) +
         (problem.member.empty() ? "" : " in " + printable(problem.member)) +
         (problem.sequence ? " at " + std::to_string(*problem.sequence) : std::string{}) + ": " +
         printable(problem.text);
}

void BundleProblems::add(BundleProblemKind kind, std::string member, std::optional<std::uint64_t> sequence,
                         std::string text) {
  ++count;
  if (listed.size() < most_listed) listed.push_back({kind, std::move(member), sequence, std::move(text)});
}

BundleVerdict verify_bundle(std::string_view bytes, const BundleOptions& options) {
  return BundleCheck(bytes, options).check();
}

std::string seal_bundle(std::span<const BundleMember> members, const SigningKey& key) {
  std::string manifest;
  for (const BundleMember& member : members)
    manifest += base::to_hex(base::sha256(member.content)) + ' ' + std::to_string(member.content.size()) +
                ' ' + member.name + '\n';
  ArchiveWriter archive;
  archive.add("seal", sign_note(seal_text(manifest), {&key, 1}));
  archive.add("manifest", manifest);
  for (const BundleMember& member : members) archive.add(member.name, member.content);
  return archive.finish();
}

std::string to_json(const BundleVerdict& verdict) {
  std::string out = std::string("{\"intact\":") + (verdict.intact() ? "true" : "false") + ",\"sealed_by\":";
  base::append_json_string(out, verdict.sealed_by);
  out += ",\"period\":";
  {
    model::JsonObject period(out);
    period.text("from", verdict.from);
    period.text("to", verdict.to);
    period.end();
  }
  write_list(out, "streams", verdict.streams.size(), [&](std::size_t i) { write(out, verdict.streams[i]); });
  out += ",\"cited\":" + std::to_string(verdict.cited) +
         ",\"compared_figures\":" + std::to_string(verdict.compared_figures) +
         ",\"names\":" + (verdict.names ? "true" : "false") +
         ",\"personal_values\":" + std::to_string(verdict.personal_values) +
         ",\"erased_values\":" + std::to_string(verdict.erased_values) +
         ",\"problem_count\":" + std::to_string(verdict.problems.count);
  const auto& listed = verdict.problems.listed;
  write_list(out, "problems", listed.size(), [&](std::size_t i) { write(out, listed[i]); });
  write_list(out, "not_excluded", verdict.not_excluded.size(), [&](std::size_t i) {
    base::append_json_string(out, base::to_clean_utf8(verdict.not_excluded[i]));
  });
  return out + '}';
}

std::vector<std::string> sentences(const BundleVerdict& verdict) {
  std::vector<std::string> lines;
  if (!verdict.from.empty())
    lines.push_back("A report on " + printable(verdict.from) + " to " + printable(verdict.to) +
                    ", which cites " + plural(verdict.cited, "record.", "records."));
  for (const BundleStream& stream : verdict.streams) {
    lines.push_back("Stream " + printable(stream.origin) + ": " +
                    plural(stream.records, "record", "records") + " of a tree of " +
                    std::to_string(stream.size) + ", root " + base::to_hex(stream.root) +
                    (stream.has_run ? "; every entry from " + std::to_string(stream.first) + " to " +
                                          std::to_string(stream.last) + " is there"
                                    : std::string{}) +
                    ".");
    lines.push_back("  Fingerprint of its key (SHA-256): " + stream.fingerprint);
    if (stream.outside_size > 0)
      lines.push_back("  The outside checkpoint of size " + std::to_string(stream.outside_size) + " agrees.");
  }
  if (verdict.intact()) {
    lines.push_back(
        "Integrity: intact. Sealed by " + printable(verdict.sealed_by) +
        "; each record is in the signed tree" +
        (verdict.compared_figures > 0
             ? "; " + plural(verdict.compared_figures, "figure", "figures") + " of the report counted again"
             : std::string{}) +
        ".");
  } else {
    lines.push_back("Integrity: BROKEN, " + plural(verdict.problems.count, "problem:", "problems:"));
    for (const BundleProblem& problem : verdict.problems.listed) lines.push_back("  " + describe(problem));
  }
  lines.push_back(verdict.names ? "Personal values: " + std::to_string(verdict.personal_values) +
                                      " match what their records committed to; " +
                                      std::to_string(verdict.erased_values) + " were erased."
                                : std::string("Personal values: none are in it."));
  for (const std::string& line : verdict.not_excluded)
    lines.push_back("Not excluded: " + printable(line) + ".");
  return lines;
}

}  // namespace curfew::ledger
