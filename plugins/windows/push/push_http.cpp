#include "plugins/windows/push/push_http.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "plugins/windows/text.hpp"

namespace curfew::windows {
namespace {

using plugin::HttpAnswer;
using plugin::HttpRequest;

// The host takes answers up to 1 MiB.
constexpr std::size_t longest_answer = 1'000'000;
constexpr std::size_t reasons_told = 100;
constexpr std::string_view product_header = "X-Elastic-Product";
constexpr std::string_view retry_after = "5";

std::string_view header(const HttpRequest& request, std::string_view name) {
  for (const plugin::Header& one : request.headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

std::string decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const auto equals = one.find('=');
    if (equals != std::string_view::npos && one.substr(0, equals) == name)
      return decoded(one.substr(equals + 1));
  }
  return {};
}

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, is_clean_utf8(text) ? text : to_clean_utf8(text));
  return out;
}

HttpAnswer json(std::uint32_t status, std::string body) {
  return {status, "application/json", std::move(body), {{std::string(product_header), "Elasticsearch"}}};
}

// The form that Elasticsearch's clients read, and people too.
HttpAnswer error(std::uint32_t status, std::string_view type, std::string_view reason) {
  HttpAnswer answer =
      json(status, "{\"error\":{\"type\":" + json_text(type) + ",\"reason\":" + json_text(reason) +
                       "},\"status\":" + std::to_string(status) + "}");
  if (status == 429 || status == 503) answer.headers.emplace_back("Retry-After", retry_after);
  return answer;
}

HttpAnswer error(const BadBody& bad) {
  return error(bad.status(), bad.status() == 503 ? "unavailable_exception" : "illegal_argument_exception",
               bad.what());
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A Beat refuses an Elasticsearch that is older than itself. What it is answered here has not changed
// since 7.0, so it is told its own version: "Elastic-winlogbeat/8.17.0 (windows; amd64; …)".
std::string version_for(std::string_view agent) {
  const auto slash = agent.find('/');
  if (slash != std::string_view::npos && to_lower(agent.substr(0, slash)).find("beat") != std::string::npos) {
    std::string_view rest = agent.substr(slash + 1);
    rest = rest.substr(0, rest.find_first_not_of("0123456789."));
    std::string_view left = rest;
    std::size_t parts = 0;
    for (; parts < 4 && !left.empty(); ++parts) {
      const std::string_view part = left.substr(0, left.find('.'));
      if (!is_number(part)) break;
      left.remove_prefix(std::min(left.size(), part.size() + 1));
    }
    if (parts == 3 && left.empty() && !rest.ends_with('.')) return std::string(rest);
  }
  return "8.17.0";
}

HttpAnswer greeting(const HttpRequest& request) {
  const std::string version = version_for(header(request, "user-agent"));
  return json(200,
              R"({"name":"curfew","cluster_name":"curfew","cluster_uuid":"curfew","version":{"number":")" +
                  version +
                  R"(","build_flavor":"default","build_type":"curfew","build_snapshot":false,)"
                  R"("minimum_wire_compatibility_version":"7.0.0",)"
                  R"("minimum_index_compatibility_version":"7.0.0"},"tagline":"You Know, for Search"})");
}

// ---- _bulk ----

struct ItemAnswer {
  std::uint32_t status = 201;
  std::string_view type;
  std::string reason;
};

ItemAnswer answer_of(const BulkItem& item, const PushedRecord* unreadable,
                     const std::vector<Verdict>& verdicts) {
  if (!item.refused.empty()) return {400, "illegal_argument_exception", item.refused};
  const auto has = [&](Verdict verdict) {
    return std::find(verdicts.begin(), verdicts.end(), verdict) != verdicts.end();
  };
  if (has(Verdict::Busy)) {
    return {429, "es_rejected_execution_exception",
            "too many records wait to be judged; send this one again later"};
  }
  if (has(Verdict::TooLarge))
    return {400, "document_parsing_exception", "the record's fields are longer than 4000 bytes"};
  if (unreadable != nullptr)
    return {400, "document_parsing_exception",
            unreadable->place + ": " + (unreadable->why.empty() ? "not an event record" : unreadable->why)};
  return {};
}

std::string bulk_text(const std::vector<BulkItem>& items, const std::vector<ItemAnswer>& answers, bool errors,
                      std::string_view filter, bool with_names) {
  std::string body = "{";
  const auto begin = [&](std::string_view key) {
    if (body.back() != '{') body += ',';
    body += '"';
    body += key;
    body += "\":";
  };
  if (is_wanted(filter, "took")) begin("took"), body += '0';
  if (is_wanted(filter, "errors")) begin("errors"), body += errors ? "true" : "false";
  const auto item_path = [&](std::size_t i, std::string_view name) {
    return is_wanted(filter, "items." + items[i].action + "." + std::string(name));
  };
  begin("items");
  body += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) body += ',';
    body += "{\"" + items[i].action + "\":{";
    if (with_names && item_path(i, "_index")) begin("_index"), body += json_text(items[i].index);
    if (with_names && !items[i].id.empty() && item_path(i, "_id"))
      begin("_id"), body += json_text(items[i].id);
    const ItemAnswer& answer = answers[i];
    if (item_path(i, "status")) begin("status"), body += std::to_string(answer.status);
    if (answer.status >= 300) {
      if (item_path(i, "error")) {
        begin("error");
        body += "{\"type\":" + json_text(answer.type) + ",\"reason\":" + json_text(answer.reason) + "}";
      }
    } else if (item_path(i, "result")) {
      begin("result");
      body += "\"created\"";
    }
    body += "}}";
  }
  body += "]}";
  return body;
}

HttpAnswer bulk(const HttpRequest& request, std::string_view index, const TakePushed& take) {
  std::vector<BulkItem> items = read_bulk(unpacked(request.body, header(request, "content-encoding")), index);
  std::vector<PushedRecord> records;
  std::vector<std::pair<std::size_t, std::size_t>> spans;  // of each item, in `records`
  std::vector<std::optional<PushedRecord>> unreadable(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    spans.emplace_back(records.size(), items[i].records.size());
    for (PushedRecord& record : items[i].records) {
      if (!record.event) unreadable[i] = record;
      records.push_back(std::move(record));
    }
  }
  const std::vector<Verdict> verdicts = take(std::move(records));
  std::vector<ItemAnswer> answers;
  std::size_t failed = 0;
  std::size_t busy = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto first = verdicts.begin() + static_cast<std::ptrdiff_t>(spans[i].first);
    const std::vector<Verdict> own(first, first + static_cast<std::ptrdiff_t>(spans[i].second));
    ItemAnswer answer = answer_of(items[i], unreadable[i] ? &*unreadable[i] : nullptr, own);
    answer.reason.resize(std::min<std::size_t>(answer.reason.size(), 300));
    if (answer.status >= 300 && ++failed > reasons_told) answer.reason = "as told of others";
    busy += answer.status == 429 ? 1 : 0;
    answers.push_back(std::move(answer));
  }
  if (busy == items.size())
    return error(429, "es_rejected_execution_exception",
                 "too many records wait to be judged; send all of them again later");
  const std::string filter = parameter(request.query, "filter_path");
  std::string text = bulk_text(items, answers, failed > 0, filter, true);
  if (text.size() > longest_answer) text = bulk_text(items, answers, failed > 0, filter, false);
  return json(200, std::move(text));
}

// ---- records ----

HttpAnswer records(const HttpRequest& request, const TakePushed& take) {
  std::vector<PushedRecord> given = read_records(unpacked(request.body, header(request, "content-encoding")));
  std::vector<std::pair<std::string, std::string>> places;
  for (const PushedRecord& record : given) {
    if (!record.event && places.size() < reasons_told)
      places.emplace_back(record.place, record.why.empty() ? "not an event record" : record.why);
  }
  const std::vector<Verdict> verdicts = take(std::move(given));
  std::array<std::size_t, 5> counts{};
  for (const Verdict verdict : verdicts) ++counts[static_cast<std::size_t>(verdict)];
  const auto count = [&](Verdict verdict) { return counts[static_cast<std::size_t>(verdict)]; };
  // NXLog knows a whole request alone: what was taken of it is recognised when all of it comes again.
  if (count(Verdict::Busy) > 0)
    return error(
        503, "unavailable_exception",
        "too many records wait to be judged; send all of them again later, what was taken is known again");
  std::string body = "{\"taken\":" + std::to_string(count(Verdict::Taken)) +
                     ",\"repeated\":" + std::to_string(count(Verdict::Repeat)) + ",\"unreadable\":" +
                     std::to_string(count(Verdict::Unreadable) + count(Verdict::TooLarge)) + ",\"places\":[";
  for (const auto& [place, why] : places) {
    if (body.back() != '[') body += ',';
    body +=
        "{\"place\":" + json_text(place.substr(0, 200)) + ",\"why\":" + json_text(why.substr(0, 300)) + "}";
  }
  return json(200, body + "]}");
}

constexpr std::string_view keeps_no_indices =
    "Curfew keeps no indices, templates, policies or pipelines: it takes records by POST /_bulk. In "
    "winlogbeat.yml "
    "set setup.template.enabled, setup.ilm.enabled and setup.dashboards.enabled to false, and no pipeline";

HttpAnswer answer_path(const HttpRequest& request, const TakePushed& take) {
  const std::string_view path = request.path;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool writes = request.method == "POST" || request.method == "PUT";
  if (path == "/" && reads) return greeting(request);
  if (path == "/_license" && reads)
    return json(200, R"({"license":{"status":"active","uid":"curfew","type":"basic","mode":"basic"}})");
  if (path == "/records" && request.method == "POST") return records(request, take);
  if (path == "/_bulk" && writes) return bulk(request, "curfew", take);
  if (path.ends_with("/_bulk") && writes && path.find('/', 1) == path.size() - 6)
    return bulk(request, path.substr(1, path.size() - 7), take);
  if (path == "/records" || path == "/_bulk" || path == "/") {
    HttpAnswer answer = error(405, "illegal_argument_exception",
                              path == "/" ? "records go to /records or /_bulk" : "records are sent by POST");
    answer.headers.emplace_back("Allow", path == "/" ? "GET" : "POST");
    return answer;
  }
  return error(404, "resource_not_found_exception", keeps_no_indices);
}

}  // namespace

bool is_wanted(std::string_view filter, std::string_view path) {
  if (filter.empty() || filter.front() == '-' || filter.find(",-") != std::string_view::npos) return true;
  const auto next = [](std::string_view& rest) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
  };
  while (!filter.empty()) {
    std::string_view pattern = filter.substr(0, filter.find(','));
    filter.remove_prefix(std::min(filter.size(), pattern.size() + 1));
    std::string_view rest = path;
    bool fits = true;
    // A pattern that ends earlier wants all that is below.
    while (fits && !pattern.empty() && !rest.empty()) {
      const std::string_view wanted = next(pattern);
      if (wanted == "**") return true;
      const std::string_view part = next(rest);
      const auto star = wanted.find('*');
      fits = star == std::string_view::npos
                 ? part == wanted
                 : part.starts_with(wanted.substr(0, star)) && part.ends_with(wanted.substr(star + 1)) &&
                       part.size() + 1 >= wanted.size();
    }
    if (fits && pattern.empty()) return true;
  }
  return false;
}

plugin::HttpAnswer answer_push(const plugin::HttpRequest& request, const TakePushed& take) {
  try {
    return answer_path(request, take);
  } catch (const BadBody& bad) {
    return error(bad);
  }
}

}  // namespace curfew::windows
