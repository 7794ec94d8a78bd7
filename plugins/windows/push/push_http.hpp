// The paths below /sources/<name>/ of a source that takes pushes:
//
//   POST /records             event records: one, lines, an array, XML; as NXLog and collectors send them
//   POST /_bulk, /<index>/_bulk   Elasticsearch's lines, as Winlogbeat sends them
//   GET /, /_license          what Winlogbeat asks for before it sends
//
//   plugin::HttpAnswer answer = answer_push(request, [&](std::vector<PushedRecord>&& records) { … });
//
// Threads: any; pure but for `take`. Owns: nothing. Fails: what `take` throws. Whatever is wrong with a
// request is an answer that says what, where, and what to do.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/windows/push/push_intake.hpp"

namespace curfew::windows {

using TakePushed = std::function<std::vector<Verdict>(std::vector<PushedRecord>&& records)>;

[[nodiscard]] plugin::HttpAnswer answer_push(const plugin::HttpRequest& request, const TakePushed& take);

// Elasticsearch's `filter_path`: whether this path of an answer is wanted ("items.*.status"). An empty filter
// wants all; what it excludes ("-took") is not understood, and nothing is left out then.
[[nodiscard]] bool is_wanted(std::string_view filter, std::string_view path);

}  // namespace curfew::windows
