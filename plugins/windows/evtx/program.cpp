#include "plugins/windows/evtx/program.hpp"

#include <optional>
#include <span>

#include "plugins/windows/evtx/compiler.hpp"

namespace curfew::windows::evtx {
namespace {

// Where a definition's identifier begins: behind the place of the next one of the same hash.
constexpr std::size_t identifier_at = 4;
constexpr std::size_t identifier_size = 16;

}  // namespace

void Programs::begin(std::string_view chunk) {
  chunk_ = chunk;
  steps_.clear();
  pieces_.clear();
  texts_.clear();
  known_.clear();
  buckets_.fill(0);
  work_ = 0;
}

Program Programs::of_definition(std::uint32_t offset, std::uint32_t identifier, Section section) {
  if (number_at<std::uint32_t>(chunk_, offset + identifier_at) != identifier) return {};
  const std::uint32_t key = offset * 8U + static_cast<std::uint32_t>(section);
  std::uint32_t& bucket = buckets_[(offset ^ (offset >> 6U)) % buckets_.size()];
  for (std::uint32_t at = bucket; at != 0; at = known_[at - 1].next) {
    if (known_[at - 1].key == key) return known_[at - 1].program;
  }
  Program program;
  Cursor head(chunk_, offset, chunk_.size());
  std::uint32_t size = 0;
  if (offset < chunk_.size() && head.skip(identifier_at + identifier_size) && head.read(size) &&
      size <= head.left()) {
    Cursor body(chunk_, head.at(), head.at() + size);
    // The fragment's header.
    if (token_of(body.peek()) == Token::FragmentHeader && body.skip(4))
      program = Compiler(*this, section, true).compile(body);
  }
  known_.push_back({key, bucket, program});
  bucket = static_cast<std::uint32_t>(known_.size());
  return program;
}

Program Programs::of_elements(Cursor& in, Section section, bool has_dependencies) {
  return Compiler(*this, section, has_dependencies).compile(in);
}

}  // namespace curfew::windows::evtx
