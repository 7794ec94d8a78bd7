#include "core/ledger/references.hpp"

#include <algorithm>

namespace curfew::ledger {
namespace {

void sort_unique(auto& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

ReferenceCheck::Known ReferenceCheck::known(const model::PersonalValue& value) {
  // Lengths keep "ab" + "c" and "a" + "bc" apart.
  std::string text;
  for (const std::string_view part :
       {model::name_of(value.kind), std::string_view(value.name_space), std::string_view(value.value)}) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  }
  const Digest32 digest = base::sha256(text);
  Known out{value.ref.bits, {}};
  std::copy_n(digest.begin(), out.value.size(), out.value.begin());
  return out;
}

void ReferenceCheck::introduced(const model::PersonalValue& value) { introduced_.push_back(known(value)); }
void ReferenceCheck::stored(const model::PersonalValue& value) { stored_.push_back(known(value)); }

void ReferenceCheck::finish(Problems& problems) {
  sort_unique(introduced_);
  sort_unique(stored_);
  auto entry = introduced_.begin();
  auto row = stored_.begin();
  while (entry != introduced_.end() || row != stored_.end()) {
    if (row == stored_.end() || (entry != introduced_.end() && *entry < *row)) {
      problems.add(ProblemKind::ReferenceMissing, std::nullopt, std::nullopt,
                   "reference " + model::to_text(model::Ref{entry->ref}) +
                       " was introduced by an entry, but the table doesn't hold it with that value");
      ++entry;
    } else if (entry == introduced_.end() || *row < *entry) {
      problems.add(
          ProblemKind::ReferenceUnexplained, std::nullopt, std::nullopt,
          "reference " + model::to_text(model::Ref{row->ref}) +
              " is stored with a value that no intact entry introduced: it may name the wrong person");
      ++row;
    } else {
      ++matched_;
      ++entry;
      ++row;
    }
  }
}

}  // namespace curfew::ledger
