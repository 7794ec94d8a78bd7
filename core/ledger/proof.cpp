#include "core/ledger/proof.hpp"

#include <bit>
#include <charconv>
#include <map>
#include <utility>

#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

constexpr std::uint32_t tile_height = 8;
constexpr std::string_view proof_header = "c2sp.org/tlog-proof@v1\n";

// Largest power of two below n, for n > 1.
std::uint64_t split_of(std::uint64_t n) { return std::bit_floor(n - 1); }

// Subtree hashes from tiles, each tile read once.
class Subtrees {
 public:
  Subtrees(std::uint64_t size, const TileReader& read) : size_(size), read_(read) {}

  // MTH of leaves [first, end), where first is a multiple of a power of two not below end - first, as
  // everywhere in the definitions.
  Digest32 range(std::uint64_t first, std::uint64_t end) {
    const std::uint64_t count = end - first;
    if (std::has_single_bit(count))
      return complete(static_cast<std::uint32_t>(std::countr_zero(count)), first);
    const std::uint64_t split = first + split_of(count);
    return node_hash(range(first, split), range(split, end));
  }

 private:
  // The complete subtree of this height that starts at leaf `first`.
  Digest32 complete(std::uint32_t height, std::uint64_t first) {
    const std::uint32_t level = height / tile_height;
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): only 2^64 leaves have height 64
    const std::uint64_t node = first >> level * tile_height;
    return from_tile(level, node / tile_width, node % tile_width, std::uint64_t{1} << height % tile_height);
  }

  Digest32 from_tile(std::uint32_t level, std::uint64_t index, std::uint64_t offset, std::uint64_t count) {
    if (count == 1) return digest_from_bytes(tile(level, index).substr(offset * hash_bytes, hash_bytes));
    return node_hash(from_tile(level, index, offset, count / 2),
                     from_tile(level, index, offset + count / 2, count / 2));
  }

  std::string_view tile(std::uint32_t level, std::uint64_t index) {
    std::string& bytes = tiles_[{level, index}];
    if (bytes.empty()) {
      const std::uint64_t nodes = size_ >> level * tile_height;
      const auto width = static_cast<std::uint32_t>(std::min(tile_width, nodes - index * tile_width));
      auto read = read_(level, index, width);
      if (!read || read->size() < width * hash_bytes || read->size() > tile_bytes) {
        throw Error(ErrorKind::Corrupt, "ledger: " + tile_path(level, index, width) +
                                            (read ? " has a wrong size" : " is missing") +
                                            ": run `curfew verify`");
      }
      bytes = std::move(*read);
    }
    return bytes;
  }

  std::uint64_t size_;
  const TileReader& read_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> tiles_;
};

void outside(const std::string& what) { throw Error(ErrorKind::Usage, "ledger: " + what); }

}  // namespace

Digest32 root_at(std::uint64_t size, const TileReader& tiles) {
  return size == 0 ? empty_root() : Subtrees(size, tiles).range(0, size);
}

Proof inclusion_proof(std::uint64_t index, std::uint64_t size, const TileReader& tiles) {
  if (index >= size)
    outside("entry " + std::to_string(index) + " is not in a tree of " + std::to_string(size));
  Subtrees subtrees(size, tiles);
  Proof proof;
  std::uint64_t first = 0;
  std::uint64_t end = size;
  while (end - first > 1) {
    const std::uint64_t split = first + split_of(end - first);
    if (index < split) {
      proof.push_back(subtrees.range(split, end));
      end = split;
    } else {
      proof.push_back(subtrees.range(first, split));
      first = split;
    }
  }
  return {proof.rbegin(), proof.rend()};
}

Proof consistency_proof(std::uint64_t old_size, std::uint64_t size, const TileReader& tiles) {
  if (old_size == 0 || old_size > size)
    outside("no consistency proof from size " + std::to_string(old_size) + " to " + std::to_string(size));
  Proof proof;
  Subtrees subtrees(size, tiles);
  std::uint64_t first = 0;
  std::uint64_t end = size;
  bool whole = true;  // the old tree is a subtree that the verifier knows: its own root
  while (old_size != end) {
    const std::uint64_t split = first + split_of(end - first);
    if (old_size <= split) {
      proof.push_back(subtrees.range(split, end));
      end = split;
    } else {
      proof.push_back(subtrees.range(first, split));
      first = split;
      whole = false;
    }
  }
  if (!whole) proof.push_back(subtrees.range(first, end));
  return {proof.rbegin(), proof.rend()};
}

bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest32& leaf,
                      std::span<const Digest32> proof, const Digest32& root) {
  // RFC 9162 section 2.1.3.2.
  if (index >= size) return false;
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Digest32 hash = leaf;
  for (const Digest32& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = node_hash(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const Digest32& old_root,
                        const Digest32& root, std::span<const Digest32> proof) {
  // RFC 9162 section 2.1.4.2.
  if (old_size == 0 || old_size > size) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  const bool starts_with_old_root = std::has_single_bit(old_size);
  if (proof.empty() && !starts_with_old_root) return false;
  std::uint64_t node = old_size - 1;
  std::uint64_t last = size - 1;
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  Digest32 old_hash = starts_with_old_root ? old_root : proof.front();
  Digest32 hash = old_hash;
  for (const Digest32& sibling : starts_with_old_root ? proof : proof.subspan(1)) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_hash = node_hash(sibling, old_hash);
      hash = node_hash(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && hash == root;
}

std::string format_tlog_proof(std::uint64_t index, std::span<const Digest32> proof,
                              std::string_view checkpoint) {
  std::string text(proof_header);
  text += "index " + std::to_string(index) + '\n';
  for (const Digest32& hash : proof) text += base::to_base64(base::as_text(hash)) + '\n';
  text += '\n';
  text += checkpoint;
  return text;
}

TlogProof parse_tlog_proof(std::string_view text) {
  constexpr std::size_t longest = 64 * 1024;
  std::size_t line_number = 0;
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::Input, "tlog-proof: line " + std::to_string(line_number) + ": " + what);
  };
  const auto next_line = [&] {
    ++line_number;
    const auto end = text.find('\n');
    if (end == std::string_view::npos) refuse("the text ends in it");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
  };
  if (text.size() > longest) refuse("longer than 64 KiB");
  TlogProof out;
  if (next_line() != proof_header.substr(0, proof_header.size() - 1))
    refuse("is not 'c2sp.org/tlog-proof@v1'");
  std::string_view line = next_line();
  if (line.starts_with("extra ")) line = next_line();
  const std::string_view digits = line.starts_with("index ") ? line.substr(6) : std::string_view{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.index);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
      std::to_string(out.index) != digits)
    refuse("is not 'index <number>'");
  while (!(line = next_line()).empty()) {
    const auto hash = base::from_base64(line);
    if (!hash || hash->size() != hash_bytes) refuse("is not the base64 of a hash");
    if (out.proof.size() == 63) refuse("has more hashes than any proof");
    out.proof.push_back(digest_from_bytes(*hash));
  }
  out.checkpoint = text;
  return out;
}

}  // namespace curfew::ledger
