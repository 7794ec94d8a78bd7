// What reads bytes from outside either refuses them with an Error of the right kind, or gives back exactly
// what it read.
#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "core/ledger/erasure.hpp"
#include "core/ledger/leaf.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/opening.hpp"
#include "core/ledger/proof.hpp"
#include "core/ledger/tree.hpp"

namespace {

using namespace curfew;
using namespace curfew::ledger;

void require(bool held) {
  if (!held) std::abort();
}

void leaf(std::string_view bytes) {
  const LeafFields fields = decode_leaf(bytes);
  const auto id = parse_origin(fields.stream);
  require(id && id->realm == fields.realm);
  LeafEncoder encoder(*id);
  require(encoder.encode(fields) == bytes);
}

void note(std::string_view bytes) {
  const ParsedNote parsed = parse_note(bytes);
  require(!parsed.signatures.empty() && parsed.text.ends_with('\n'));
  require(bytes.starts_with(parsed.text));
  // Nobody can make a signature of this key but by having it.
  Digest32 seed;
  seed.fill(7);
  static const VerifierKey known = SigningKey::from_seed("curfew/main/a/1", seed).verifier();
  try {
    (void)open_note(bytes, {&known, 1});
    std::abort();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Input);
  }
}

void checkpoint(std::string_view bytes) { require(format_checkpoint(parse_checkpoint(bytes)) == bytes); }

void key(std::string_view bytes) {
  const VerifierKey parsed = VerifierKey::parse(bytes);
  require(VerifierKey::parse(parsed.text()) == parsed);
}

void tlog_proof(std::string_view bytes) {
  const TlogProof parsed = parse_tlog_proof(bytes);
  const std::string text = format_tlog_proof(parsed.index, parsed.proof, parsed.checkpoint);
  const TlogProof again = parse_tlog_proof(text);
  require(again.index == parsed.index && again.proof == parsed.proof &&
          again.checkpoint == parsed.checkpoint);
}

void path(std::string_view bytes) {
  const auto parsed = parse_tile_path(bytes);
  if (!parsed) return;
  require((parsed->entries ? entries_path(parsed->index, parsed->width)
                           : tile_path(parsed->level, parsed->index, parsed->width)) == bytes);
}

void facts(std::string_view bytes) {
  try {
    (void)parse_opening(bytes);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Corrupt);
  }
  (void)parse_erasure(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0]) {
      case 'l':
        leaf(bytes);
        break;
      case 'n':
        note(bytes);
        break;
      case 'c':
        checkpoint(bytes);
        break;
      case 'k':
        key(bytes);
        break;
      case 'p':
        tlog_proof(bytes);
        break;
      case 't':
        path(bytes);
        break;
      case 'f':
        facts(bytes);
        break;
      default:
        break;
    }
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Corrupt || error.kind() == ErrorKind::Input ||
            error.kind() == ErrorKind::Configuration);
  }
  return 0;
}
