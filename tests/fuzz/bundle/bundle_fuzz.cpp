// A bundle as a file; or its members in one text, "=== name" before each, which are sealed here with the key
// of the vectors in docs/ledger-format.md, so that what is behind the seal is reached. Whatever is in it is
// judged; an archive that is read to its end is the one that its members make.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/ledger/bundle.hpp"

namespace {

using namespace curfew;
using namespace curfew::ledger;

void require(bool held) {
  if (!held) std::abort();
}

const SigningKey& key() {
  static const SigningKey one = [] {
    Digest32 seed{};
    seed.fill(1);
    return SigningKey::from_seed("curfew/main/a/1", seed);
  }();
  return one;
}

void judge(std::string_view bytes) {
  BundleOptions options{.keys = {key().verifier()}, .checkpoints = {}};
  const BundleVerdict verdict = verify_bundle(bytes, options);
  for (const std::string& line : sentences(verdict)) {
    for (const char c : line) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  require(!to_json(verdict).empty());
  (void)verify_bundle(bytes, {});
}

void rewrite(std::string_view bytes) {
  const ReadArchive read = read_archive(bytes);
  if (!read.broken.empty()) return;
  ArchiveWriter writer;
  for (const ArchiveMember& member : read.members) writer.add(member.name, member.content);
  require(writer.finish() == bytes);
}

std::vector<BundleMember> members_in(std::string_view text) {
  constexpr std::string_view mark = "=== ";
  std::vector<BundleMember> members;
  while (text.starts_with(mark) && members.size() < 64) {
    const auto line = text.find('\n');
    if (line == std::string_view::npos) break;
    const std::string_view name = text.substr(mark.size(), line - mark.size());
    text.remove_prefix(line + 1);
    const auto end = text.find("\n=== ");
    const std::string_view content = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (is_member_name(name)) members.push_back({std::string(name), std::string(content)});
  }
  return members;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  rewrite(bytes);
  judge(bytes);
  const std::vector<BundleMember> members = members_in(bytes);
  if (!members.empty()) judge(seal_bundle(members, key()));
  return 0;
}
