// Stretches of time, as lists that are sorted and don't touch.
//
//   Spans in = merged({{a, b}, {c, d}});  bool whole = fill(both(in, known), from, to);
//
// Threads: pure functions. Fails: never; what is empty is left out.
#pragma once

#include <algorithm>
#include <vector>

#include "core/base/time.hpp"

namespace curfew::report {

struct Stretch {
  Time from{};
  Time to{};  // outside
  friend bool operator==(const Stretch&, const Stretch&) = default;
};
using Spans = std::vector<Stretch>;

[[nodiscard]] inline Spans merged(Spans spans) {
  std::sort(spans.begin(), spans.end(), [](const Stretch& a, const Stretch& b) { return a.from < b.from; });
  Spans out;
  for (const Stretch& span : spans) {
    if (span.from >= span.to) continue;
    if (!out.empty() && span.from <= out.back().to)
      out.back().to = std::max(out.back().to, span.to);
    else
      out.push_back(span);
  }
  return out;
}

// What lies in both.
[[nodiscard]] inline Spans both(const Spans& a, const Spans& b) {
  Spans out;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const Stretch common{std::max(a[i].from, b[j].from), std::min(a[i].to, b[j].to)};
    if (common.from < common.to) out.push_back(common);
    a[i].to < b[j].to ? ++i : ++j;
  }
  return out;
}

// `of` without what lies in `spans`.
[[nodiscard]] inline Spans without(Stretch of, const Spans& spans) {
  Spans out;
  for (const Stretch& span : spans) {
    if (span.to <= of.from || span.from >= of.to) continue;
    if (span.from > of.from) out.push_back({of.from, span.from});
    of.from = span.to;
  }
  if (of.from < of.to) out.push_back(of);
  return out;
}

// Whether nothing of [from, to) is left out.
[[nodiscard]] inline bool fill(const Spans& spans, Time from, Time to) {
  return without({from, to}, spans).empty();
}

}  // namespace curfew::report
