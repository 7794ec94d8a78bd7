// One stream's evidence in a bundle: key, checkpoint, tiles, records, and what was kept outside.
#include <algorithm>
#include <charconv>

#include "core/base/error.hpp"
#include "core/ledger/bundle_parts.hpp"
#include "core/ledger/opening.hpp"

namespace curfew::ledger {
namespace {

constexpr std::uint32_t tile_bits = 8;
constexpr std::uint32_t top_level = 7;  // above it there are no 2^64 leaves

using Kind = BundleProblemKind;
using StreamTiles = std::map<TilePlace, std::string_view>;

std::uint64_t nodes_at(std::uint64_t size, std::uint32_t level) {
  return level > top_level ? 0 : size >> level * tile_bits;
}

// Where the hash of a node is kept.
TilePlace tile_of(std::uint64_t size, std::uint32_t level, std::uint64_t node) {
  const std::uint64_t index = node / tile_width;
  const std::uint64_t width = std::min(tile_width, nodes_at(size, level) - index * tile_width);
  return {level, index, static_cast<std::uint32_t>(width)};
}

std::string name_of(const TilePlace& place) { return tile_path(place.level, place.index, place.width); }

Digest32 hash_in(std::string_view tile, std::uint64_t position) {
  return digest_from_bytes(tile.substr(position * hash_bytes, hash_bytes));
}

Digest32 root_of_full(std::string_view tile) {
  std::vector<Digest32> hashes;
  for (std::uint64_t i = 0; i < tile_width; ++i) hashes.push_back(hash_in(tile, i));
  for (; hashes.size() > 1; hashes.resize(hashes.size() / 2)) {
    for (std::size_t i = 0; i < hashes.size() / 2; ++i)
      hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
  }
  return hashes.front();
}

std::optional<std::string_view> find(const BundleMembers& members, const std::string& name) {
  const auto found = members.find(name);
  if (found == members.end()) return std::nullopt;
  return found->second;
}

class StreamCheck {
 public:
  StreamCheck(const BundleStream& said, const BundleMembers& members, std::span<const VerifierKey> keys,
              BundleProblems& problems)
      : members_(members),
        keys_(keys.begin(), keys.end()),
        problems_(problems),
        folder_(bundle_folder(said.number)) {
    part_.said = said;
  }

  StreamPart check() {
    const auto id = parse_origin(part_.said.origin);
    if (!id) {
      tell(Kind::Contents, "bundle.json", {}, "'" + part_.said.origin + "' is no stream");
      return std::move(part_);
    }
    part_.id = *id;
    read_key();
    read_checkpoint();
    read_leaves();
    check_tiles();
    check_records();
    check_opening();
    return std::move(part_);
  }

 private:
  void tell(Kind kind, const std::string& member, std::optional<std::uint64_t> sequence, std::string text) {
    problems_.add(kind, member, sequence, std::move(text));
  }

  void read_key() {
    const auto text = find(members_, folder_ + "key");
    if (!text) return;  // told with the manifest
    try {
      VerifierKey key = VerifierKey::parse(*text);
      if (key.text() + "\n" != *text || key.name() != part_.said.origin)
        throw Error(ErrorKind::Input, "it is not the line of a key of " + part_.said.origin);
      part_.said.key = key.text();
      part_.said.fingerprint = fingerprint_of(key);
      part_.key = std::move(key);
    } catch (const Error& error) {
      tell(Kind::Key, folder_ + "key", {}, error.what());
    }
  }

  void read_checkpoint() {
    const std::string member = folder_ + "checkpoint";
    const auto note = find(members_, member);
    if (!note) return;
    part_.note = *note;
    if (keys_.empty() && part_.key) keys_.push_back(*part_.key);
    try {
      size_ = part_.said.size;
      const Checkpoint unsigned_head = parse_checkpoint(parse_note(*note).text);
      root_ = unsigned_head.root;
      size_ = unsigned_head.size;
      const Checkpoint head = parse_checkpoint(open_note(*note, keys_).text);
      if (head.origin != part_.said.origin || head.size != part_.said.size)
        throw Error(ErrorKind::Input, "it is of " + head.origin + ", size " + std::to_string(head.size) +
                                          "; the bundle is made for " + part_.said.origin + ", size " +
                                          std::to_string(part_.said.size));
      part_.head = head;
      part_.said.root = head.root;
    } catch (const Error& error) {
      tell(Kind::Checkpoint, member, {}, error.what());
    }
  }

  void read_leaves() {
    const std::string member = folder_ + "leaves";
    std::string_view rest = find(members_, member).value_or(std::string_view{});
    std::optional<std::uint64_t> before;
    while (!rest.empty()) {
      const std::string after = before ? " behind record " + std::to_string(*before) : std::string{};
      if (rest.size() < 2) return tell(Kind::Record, member, before, "a length is cut off" + after);
      const std::size_t length = static_cast<std::size_t>(static_cast<std::uint8_t>(rest[0])) << 8U |
                                 static_cast<std::uint8_t>(rest[1]);
      if (length > rest.size() - 2) return tell(Kind::Record, member, before, "a leaf is cut off" + after);
      BundleRecord record;
      try {
        record.fields = decode_leaf(rest.substr(2, length));
      } catch (const Error& error) {
        return tell(Kind::Record, member, before, error.what() + after);
      }
      record.sequence = record.fields.sequence;
      if (record.fields.stream != part_.said.origin)
        tell(Kind::Record, member, record.sequence,
             "it is of the stream " + std::string(record.fields.stream));
      if (before && record.sequence <= *before)
        return tell(Kind::Record, member, record.sequence,
                    "it stands behind record " + std::to_string(*before));
      before = record.sequence;
      leaves_.push_back(leaf_hash(rest.substr(2, length)));
      part_.records.push_back(record);
      rest.remove_prefix(2 + length);
    }
  }

  void read_tiles() {
    const std::string start = folder_ + "tile/";
    for (auto at = members_.lower_bound(start); at != members_.end() && at->first.starts_with(start); ++at) {
      const std::string member(at->first);
      const auto path = parse_tile_path(at->first.substr(folder_.size()));
      if (!path || path->entries)
        tell(Kind::MemberUnexpected, member, {}, "it is no path of a tile");
      else if (at->second.size() != path->width * hash_bytes)
        tell(Kind::Tile, member, {}, "it has " + std::to_string(at->second.size()) + " bytes");
      else
        tiles_[{path->level, path->index, path->width}] = at->second;
    }
  }

  void check_tiles() {
    read_tiles();
    std::vector<std::uint64_t> sequences;
    for (const BundleRecord& record : part_.records) {
      if (record.sequence < size_) sequences.push_back(record.sequence);
    }
    const std::set<TilePlace> needed = tiles_for(size_, sequences);
    bool all = true;
    for (const TilePlace& place : needed) {
      if (tiles_.contains(place)) continue;
      all = false;
      tell(Kind::Tile, folder_ + name_of(place), {}, "it is missing: records below it are not proven");
    }
    for (const auto& [place, bytes] : tiles_) {
      if (!needed.contains(place))
        tell(Kind::Tile, folder_ + name_of(place), {}, "it proves no record of the bundle");
    }
    if (all) check_root();
    for (const auto& [place, bytes] : tiles_) check_parent(place, bytes);
  }

  void check_root() {
    if (!root_) return;
    try {
      const Digest32 computed =
          root_at(size_, [&](std::uint32_t level, std::uint64_t index, std::uint32_t width) {
            const auto tile = tiles_.find({level, index, width});
            return tile == tiles_.end() ? std::nullopt : std::optional<std::string>(tile->second);
          });
      if (computed != *root_)
        tell(Kind::Tile, folder_ + "tile", {},
             "the tiles at the right edge don't have the root that is signed");
    } catch (const Error& error) {
      tell(Kind::Tile, folder_ + "tile", {}, error.what());
    }
  }

  void check_parent(const TilePlace& place, std::string_view bytes) {
    if (place.width != tile_width || place.index >= nodes_at(size_, place.level + 1)) return;
    const TilePlace above = tile_of(size_, place.level + 1, place.index);
    const auto parent = tiles_.find(above);
    if (parent == tiles_.end()) return;  // told as missing
    if (hash_in(parent->second, place.index % tile_width) != root_of_full(bytes))
      tell(Kind::Tile, folder_ + name_of(place), {}, "its root is not the hash in " + name_of(above));
  }

  void check_records() {
    const std::string member = folder_ + "leaves";
    for (std::size_t i = 0; i < part_.records.size(); ++i) {
      const std::uint64_t sequence = part_.records[i].sequence;
      if (sequence >= size_) {
        tell(Kind::Record, member, sequence, "the signed tree has " + std::to_string(size_) + " entries");
        continue;
      }
      const auto tile = tiles_.find(tile_of(size_, 0, sequence));
      if (tile != tiles_.end() && hash_in(tile->second, sequence % tile_width) != leaves_[i])
        tell(Kind::Record, member, sequence, "it is not the entry that the tree has there");
    }
    part_.said.records = part_.records.size();
  }

  void check_opening() {
    const std::string member = folder_ + "leaves";
    if (part_.records.empty() || part_.records.front().sequence != 0)
      return tell(Kind::Record, member, 0, "the entry that opens the stream is missing");
    try {
      const LeafFields& fields = part_.records.front().fields;
      const Opening opening = parse_opening(fields.facts);
      if (fields.kind != "stream_opened" || opening.id.node != part_.id.node ||
          opening.id.epoch != part_.id.epoch)
        throw Error(ErrorKind::Corrupt, "it doesn't open this stream");
      if (part_.key && opening.verifier_key != part_.key->text())
        throw Error(ErrorKind::Corrupt, "it opens the stream with another key than the bundle has");
    } catch (const Error& error) {
      tell(Kind::Record, member, 0, error.what());
    }
  }

  const BundleMembers& members_;
  std::vector<VerifierKey> keys_;
  BundleProblems& problems_;
  std::string folder_;
  StreamPart part_;
  std::uint64_t size_ = 0;  // as the checkpoint says it, signed or not
  std::optional<Digest32> root_;
  std::vector<Digest32> leaves_;  // of the records
  StreamTiles tiles_;
};

struct Consistency {
  std::uint64_t old_size = 0;
  Proof proof;
};

Consistency parse_consistency(std::string_view text, std::string_view checkpoint) {
  const auto malformed = [](const std::string& why) -> void { throw Error(ErrorKind::Input, why); };
  const auto end = text.find("\n\n");
  if (end == std::string_view::npos || text.substr(end + 2) != checkpoint)
    malformed("it does not end with an empty line and the bundle's checkpoint");
  std::string_view lines = text.substr(0, end + 1);
  Consistency out;
  bool first = true;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    if (first) {
      const std::string_view digits = line.starts_with("old ") ? line.substr(4) : std::string_view{};
      const auto [stopped, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), out.old_size);
      if (error != std::errc{} || stopped != digits.data() + digits.size() ||
          std::to_string(out.old_size) != digits)
        malformed("its first line is not 'old <size>'");
      first = false;
      continue;
    }
    const auto hash = base::from_base64(line);
    if (!hash || hash->size() != hash_bytes || out.proof.size() == 63)
      malformed("a line is no hash of a proof");
    out.proof.push_back(digest_from_bytes(*hash));
  }
  return out;
}

}  // namespace

const BundleRecord* StreamPart::record(std::uint64_t sequence) const {
  const auto found = std::lower_bound(records.begin(), records.end(), sequence,
                                      [](const BundleRecord& a, std::uint64_t b) { return a.sequence < b; });
  return found == records.end() || found->sequence != sequence ? nullptr : &*found;
}

StreamPart check_stream(const BundleStream& said, const BundleMembers& members,
                        std::span<const VerifierKey> keys, BundleProblems& problems) {
  return StreamCheck(said, members, keys, problems).check();
}

std::set<TilePlace> tiles_for(std::uint64_t size, std::span<const std::uint64_t> sequences) {
  std::set<TilePlace> places;
  for (std::uint32_t level = 0; level <= top_level; ++level) {
    const std::uint64_t nodes = nodes_at(size, level);
    if (nodes % tile_width != 0) places.insert(tile_of(size, level, nodes - 1));
  }
  for (const std::uint64_t sequence : sequences) {
    std::uint64_t index = sequence / tile_width;
    for (std::uint32_t level = 0; index < nodes_at(size, level + 1); ++level, index /= tile_width) {
      if (!places.insert({level, index, tile_width}).second) break;
    }
  }
  return places;
}

std::string bundle_folder(std::int64_t stream) { return "streams/" + std::to_string(stream) + "/"; }

std::string fingerprint_of(const VerifierKey& key) { return base::to_hex(base::sha256(key.text())); }

std::string format_consistency(std::uint64_t old_size, std::span<const Digest32> proof,
                               std::string_view checkpoint) {
  std::string text = "old " + std::to_string(old_size) + '\n';
  for (const Digest32& hash : proof) text += base::to_base64(base::as_text(hash)) + '\n';
  text += '\n';
  text += checkpoint;
  return text;
}

void check_outside(const std::vector<std::string>& notes, std::span<const VerifierKey> keys,
                   const std::vector<StreamPart>& streams, const BundleMembers& members,
                   BundleVerdict& verdict) {
  std::map<std::string, std::vector<std::string>> by_origin;
  for (const std::string& note : notes)
    by_origin[parse_checkpoint(parse_note(note).text).origin].push_back(note);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const StreamPart& part = streams[i];
    BundleStream& told = verdict.streams[i];
    const std::string member = bundle_folder(part.said.number) + "consistency";
    std::optional<Consistency> proven;
    if (const auto text = find(members, member)) {
      try {
        proven = parse_consistency(*text, part.note);
      } catch (const Error& error) {
        verdict.problems.add(Kind::Checkpoint, member, {}, error.what());
      }
    }
    const auto outside = by_origin.find(part.said.origin);
    if (outside == by_origin.end()) {
      verdict.not_excluded.push_back(
          part.said.origin +
          ": no outside checkpoint was given, so a ledger made anew by who holds the key "
          "would not show");
      continue;
    }
    const auto differs = [&](const std::string& why) {
      verdict.problems.add(Kind::Outside, bundle_folder(part.said.number) + "checkpoint", {}, why);
    };
    const std::vector<VerifierKey> own =
        part.key ? std::vector<VerifierKey>{*part.key} : std::vector<VerifierKey>{};
    bool compared = false;
    for (const std::string& note : outside->second) {
      try {
        const Checkpoint kept = parse_checkpoint(open_note(note, keys.empty() ? std::span(own) : keys).text);
        if (!part.head) continue;  // told where the checkpoint is checked
        const bool same_size = kept.size == part.head->size;
        if (!same_size && (!proven || proven->old_size != kept.size)) continue;
        compared = true;
        const bool agrees = same_size ? kept.root == part.head->root
                                      : verify_consistency(kept.size, part.head->size, kept.root,
                                                           part.head->root, proven->proof);
        if (agrees)
          told.outside_size = std::max(told.outside_size, kept.size);
        else
          differs("the outside checkpoint of size " + std::to_string(kept.size) +
                  " is of another history: the ledger was made anew, or the checkpoint is not this ledger's");
      } catch (const Error& error) {
        differs(std::string("an outside checkpoint: ") + error.what());
        compared = true;
      }
    }
    if (!compared && part.head)
      differs("none of the outside checkpoints can be compared: the bundle has the tree of size " +
              std::to_string(part.head->size) +
              (proven ? " and a consistency proof from " + std::to_string(proven->old_size)
                      : std::string(" and no consistency proof")) +
              "; ask for a bundle that is made with your checkpoint");
    by_origin.erase(outside);
  }
  for (const auto& [origin, of] : by_origin)
    verdict.problems.add(Kind::Outside, {}, {},
                         "an outside checkpoint is of " + origin + ", which is not in the bundle");
}

}  // namespace curfew::ledger
