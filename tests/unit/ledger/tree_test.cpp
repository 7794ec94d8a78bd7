#include "core/ledger/tree.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "core/base/error.hpp"
#include "core/ledger/proof.hpp"

namespace curfew::ledger {
namespace {

// The definition of RFC 6962 section 2.1, word for word, over leaf hashes.
Digest32 root_by_definition(std::span<const Digest32> hashes) {
  if (hashes.empty()) return base::sha256("");
  if (hashes.size() == 1) return hashes[0];
  std::size_t k = 1;
  while (k * 2 < hashes.size()) k *= 2;
  const Digest32 left = root_by_definition(hashes.first(k));
  const Digest32 right = root_by_definition(hashes.subspan(k));
  return base::sha256("\x01" + std::string(base::as_text(left)) + std::string(base::as_text(right)));
}

Digest32 number_hash(std::uint64_t number) { return base::sha256("leaf " + std::to_string(number)); }

// A tree with its full tiles, as a store would hold them.
struct Stored {
  Tree tree;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> tiles;
  std::vector<Digest32> hashes;

  void grow_to(std::uint64_t size) {
    std::vector<Tile> full;
    while (tree.size() < size) {
      hashes.push_back(number_hash(tree.size()));
      tree.append(hashes.back(), full);
    }
    for (Tile& tile : full) {
      const auto [place, added] = tiles.try_emplace({tile.level, tile.index}, std::move(tile.bytes));
      EXPECT_TRUE(added) << "a tile came twice";
    }
  }
  [[nodiscard]] TileReader full_tiles() const {
    return [this](std::uint32_t level, std::uint64_t index, std::uint32_t) -> std::optional<std::string> {
      const auto found = tiles.find({level, index});
      if (found == tiles.end()) return std::nullopt;
      return found->second;
    };
  }
  [[nodiscard]] TileReader reader() const { return tiles_of(tree, full_tiles()); }
  [[nodiscard]] Digest32 root(std::uint64_t size) const {
    return root_by_definition(std::span(hashes).first(size));
  }
};

const std::vector<std::string> rfc_leaves{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};

std::vector<Digest32> rfc_leaf_hashes() {
  std::vector<Digest32> hashes;
  for (const std::string& leaf : rfc_leaves) hashes.push_back(leaf_hash(*base::from_hex(leaf)));
  return hashes;
}

Stored rfc_tree() {
  Stored stored;
  std::vector<Tile> full;
  for (const Digest32& hash : rfc_leaf_hashes()) {
    stored.hashes.push_back(hash);
    stored.tree.append(hash, full);
  }
  return stored;
}

TEST(MerkleTree, HasTheRootsOfTheRfc6962Vectors) {
  const std::vector<std::string> roots{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                       "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                       "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                       "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                       "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                       "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                       "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Tree tree;
  std::vector<Tile> full;
  EXPECT_EQ(base::to_hex(tree.root()), roots[0]);
  for (std::size_t i = 0; i < rfc_leaves.size(); ++i) {
    tree.append(rfc_leaf_hashes()[i], full);
    EXPECT_EQ(base::to_hex(tree.root()), roots[i + 1]) << "size " << i + 1;
  }
}

TEST(MerkleTree, HasTheProofsOfTheRfc6962Vectors) {
  const Stored stored = rfc_tree();
  const Proof inclusion = inclusion_proof(5, 8, stored.reader());
  ASSERT_EQ(inclusion.size(), 3U);
  EXPECT_TRUE(base::to_hex(inclusion[0]).starts_with("bc1a0643"));
  EXPECT_TRUE(base::to_hex(inclusion[1]).starts_with("ca854ea1"));
  EXPECT_TRUE(base::to_hex(inclusion[2]).starts_with("d37ee418"));
  const Proof consistency = consistency_proof(3, 7, stored.reader());
  ASSERT_EQ(consistency.size(), 4U);
  EXPECT_TRUE(base::to_hex(consistency[0]).starts_with("0298d122"));
  EXPECT_TRUE(base::to_hex(consistency[1]).starts_with("07506a85"));
  EXPECT_TRUE(base::to_hex(consistency[2]).starts_with("fac54203"));
  EXPECT_TRUE(base::to_hex(consistency[3]).starts_with("837dbb15"));
}

TEST(MerkleTree, GrowsAsTheDefinitionSays) {
  Stored stored;
  for (const std::uint64_t size :
       {1U, 2U, 255U, 256U, 257U, 511U, 512U, 1000U, 65535U, 65536U, 65537U, 66000U}) {
    stored.grow_to(size);
    EXPECT_EQ(stored.tree.root(), stored.root(size)) << size;
  }
}

TEST(MerkleTree, GivesEachFullTileOnceWithTheHashesOfItsLevel) {
  Stored stored;
  stored.grow_to(66'000);
  EXPECT_EQ(stored.tiles.size(), 66'000 / 256 + 1U);
  for (const auto& [place, bytes] : stored.tiles) {
    ASSERT_EQ(bytes.size(), tile_bytes);
    const auto [level, index] = place;
    for (const std::uint64_t i : {0U, 17U, 255U}) {
      const std::uint64_t width = level == 0 ? 1 : 256;
      const std::uint64_t first = (index * 256 + i) * width;
      EXPECT_EQ(bytes.substr(i * hash_bytes, hash_bytes),
                base::as_text(root_by_definition(std::span(stored.hashes).subspan(first, width))));
    }
  }
  EXPECT_EQ(stored.tree.partial_tile(0).size(), 66'000 % 256 * hash_bytes);
  EXPECT_EQ(stored.tree.partial_tile(1).size(), (66'000 / 256) % 256 * hash_bytes);
  EXPECT_EQ(stored.tree.partial_tile(2).size(), hash_bytes);
}

TEST(MerkleTree, RightEdgeRebuiltFromTilesGrowsOnAsIfNeverStopped) {
  for (const std::uint64_t size : {0U, 1U, 255U, 256U, 300U, 65536U, 66'000U}) {
    Stored stored;
    stored.grow_to(size);
    const std::vector<Digest32> last(stored.hashes.end() - static_cast<std::ptrdiff_t>(size % 256),
                                     stored.hashes.end());
    Stored restored;
    restored.tree = Tree::restore(size, last, stored.full_tiles());
    restored.hashes = stored.hashes;
    EXPECT_EQ(restored.tree.root(), stored.tree.root()) << size;
    EXPECT_EQ(restored.tree.edge(), stored.tree.edge()) << size;
    EXPECT_EQ(Tree::from_edge(size, stored.tree.edge()).root(), stored.tree.root()) << size;
    stored.grow_to(size + 700);
    restored.grow_to(size + 700);
    EXPECT_EQ(restored.tree.root(), stored.tree.root()) << size;
  }
}

TEST(MerkleTree, RestoringSaysWhichTileIsMissing) {
  Stored stored;
  stored.grow_to(1000);
  stored.tiles.erase({0, 2});
  const std::vector<Digest32> last(stored.hashes.end() - 1000 % 256, stored.hashes.end());
  try {
    (void)Tree::restore(1000, last, stored.full_tiles());
    FAIL() << "restored without a tile";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_NE(std::string(error.what()).find("tile/0/002"), std::string::npos) << error.what();
  }
  EXPECT_THROW((void)Tree::restore(1000, {}, stored.full_tiles()), Error);
  EXPECT_THROW((void)Tree::from_edge(1000, {"too short"}), Error);
}

TEST(Proofs, EveryInclusionAndConsistencyProofOfSmallTreesVerifies) {
  Stored stored;
  stored.grow_to(40);
  const TileReader tiles = stored.reader();
  for (std::uint64_t size = 1; size <= 40; ++size) {
    const Digest32 root = stored.root(size);
    ASSERT_EQ(root_at(size, tiles), root);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Proof proof = inclusion_proof(index, size, tiles);
      EXPECT_TRUE(verify_inclusion(index, size, stored.hashes[index], proof, root));
      EXPECT_FALSE(verify_inclusion(index, size, number_hash(1000), proof, root));
      EXPECT_EQ(verify_inclusion((index + 1) % size, size, stored.hashes[index], proof, root), size == 1);
    }
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const Proof proof = consistency_proof(old_size, size, tiles);
      EXPECT_TRUE(verify_consistency(old_size, size, stored.root(old_size), root, proof));
      EXPECT_FALSE(verify_consistency(old_size, size, number_hash(1000), root, proof));
      EXPECT_FALSE(verify_consistency(old_size, size, stored.root(old_size), number_hash(1000), proof));
    }
  }
}

TEST(Proofs, SpanTilesOfAllLevelsAndSizesInThePast) {
  Stored stored;
  stored.grow_to(66'000);
  const TileReader tiles = stored.reader();
  std::mt19937_64 random(20261121);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t size = 1 + random() % 66'000;
    const std::uint64_t index = random() % size;
    const std::uint64_t old_size = 1 + random() % size;
    const Digest32 root = root_at(size, tiles);
    EXPECT_TRUE(
        verify_inclusion(index, size, stored.hashes[index], inclusion_proof(index, size, tiles), root));
    EXPECT_TRUE(verify_consistency(old_size, size, root_at(old_size, tiles), root,
                                   consistency_proof(old_size, size, tiles)));
  }
}

TEST(Proofs, ChangedShortenedAndLengthenedProofsAreRefused) {
  Stored stored;
  stored.grow_to(1000);
  const TileReader tiles = stored.reader();
  const Proof inclusion = inclusion_proof(700, 1000, tiles);
  const Proof consistency = consistency_proof(700, 1000, tiles);
  const Digest32 root = stored.tree.root();
  const Digest32 old_root = stored.root(700);
  for (std::size_t i = 0; i < inclusion.size(); ++i) {
    Proof changed = inclusion;
    changed[i][7] ^= 1;
    EXPECT_FALSE(verify_inclusion(700, 1000, stored.hashes[700], changed, root));
  }
  for (std::size_t i = 0; i < consistency.size(); ++i) {
    Proof changed = consistency;
    changed[i][7] ^= 1;
    EXPECT_FALSE(verify_consistency(700, 1000, old_root, root, changed));
  }
  Proof longer = inclusion;
  longer.push_back(number_hash(1));
  EXPECT_FALSE(verify_inclusion(700, 1000, stored.hashes[700], longer, root));
  EXPECT_FALSE(verify_inclusion(700, 1000, stored.hashes[700],
                                std::span(inclusion).first(inclusion.size() - 1), root));
  EXPECT_FALSE(verify_inclusion(1000, 1000, stored.hashes[700], inclusion, root));
  EXPECT_FALSE(verify_consistency(700, 1000, old_root, root, std::span(consistency).subspan(1)));
  EXPECT_FALSE(verify_consistency(1000, 700, root, old_root, consistency));
  EXPECT_FALSE(verify_consistency(0, 1000, base::sha256(""), root, {}));
  EXPECT_THROW((void)inclusion_proof(1000, 1000, tiles), Error);
  EXPECT_THROW((void)consistency_proof(0, 1000, tiles), Error);
}

TEST(Proofs, TlogProofTextKeepsIndexHashesAndCheckpoint) {
  Stored stored;
  stored.grow_to(10);
  const Proof proof = inclusion_proof(3, 10, stored.reader());
  const std::string text = format_tlog_proof(3, proof, "origin\n10\nroot\n\n\u2014 name sig\n");
  EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nindex 3\n"));
  const TlogProof parsed = parse_tlog_proof(text);
  EXPECT_EQ(parsed.index, 3U);
  EXPECT_EQ(parsed.proof, proof);
  EXPECT_EQ(parsed.checkpoint, "origin\n10\nroot\n\n\u2014 name sig\n");
  EXPECT_EQ(parse_tlog_proof("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\nc\n").index, 0U);
  for (const char* bad : {"", "c2sp.org/tlog-proof@v2\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nindex 00\n\n",
                          "c2sp.org/tlog-proof@v1\nindex x\n\n", "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n",
                          "c2sp.org/tlog-proof@v1\nindex 1\n"})
    EXPECT_THROW((void)parse_tlog_proof(bad), Error) << bad;
}

TEST(TilePaths, AreThoseOfTlogTiles) {
  EXPECT_EQ(tile_path(0, 0), "tile/0/000");
  EXPECT_EQ(tile_path(0, 1234067), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path(3, 999, 17), "tile/3/999.p/17");
  EXPECT_EQ(tile_path(3, 1000, 1), "tile/3/x001/000.p/1");
  EXPECT_EQ(entries_path(1234067, 255), "tile/entries/x001/x234/067.p/255");
  for (const std::uint64_t index :
       {0ULL, 7ULL, 999ULL, 1000ULL, 999'999ULL, 1'000'000ULL, 72'057'594'037'927'935ULL}) {
    for (const std::uint32_t width : {1U, 255U, 256U}) {
      EXPECT_EQ(parse_tile_path(tile_path(5, index, width)), (TilePath{false, 5, index, width}));
      EXPECT_EQ(parse_tile_path(entries_path(index, width)), (TilePath{true, 0, index, width}));
    }
  }
}

TEST(TilePaths, OtherSpellingsAreRefused) {
  for (const char* bad : {"",
                          "tile",
                          "tile/",
                          "tile/0",
                          "tile/0/",
                          "tile/0/0",
                          "tile/0/00",
                          "tile/0/0000",
                          "tile/00/000",
                          "tile/64/000",
                          "tile/-1/000",
                          "tile/0/x000/001",
                          "tile/0/001/002",
                          "tile/0/x001",
                          "tile/0/000.p/0",
                          "tile/0/000.p/256",
                          "tile/0/000.p/01",
                          "tile/0/000.p/",
                          "/tile/0/000",
                          "tile/0/000/",
                          "tile/entries/x1/000",
                          "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                          "tile/0/x001/x2"})
    EXPECT_FALSE(parse_tile_path(bad)) << bad;
}

}  // namespace
}  // namespace curfew::ledger
