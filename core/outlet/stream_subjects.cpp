#include "core/outlet/stream_subjects.hpp"

#include <algorithm>
#include <utility>

#include "core/base/text.hpp"
#include "core/model/json_reading.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::outlet {
namespace {

using model::read;

Digest16 read_digest(simdjson::dom::element from) {
  std::string text;
  read(from, "listed", text);
  const auto bytes = base::from_hex(text);
  Digest16 digest{};
  if (!bytes || bytes->size() != digest.size()) model::corrupt_field("listed", "has no digest");
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

}  // namespace

std::string to_json(const SubjectList& list) {
  std::string text;
  report::JsonWriter json(text);
  json.begin_object().text("stream", list.stream).text("key_file", list.key_file).begin_array("listed");
  for (const Digest16& digest : list.listed) json.text({}, base::to_hex(digest));
  json.end().end();
  return text;
}

SubjectList subject_list_from_json(std::string_view json) {
  SubjectList list;
  simdjson::dom::parser parser;
  for (const auto [key, value] : model::json_object(parser, json, "a list of subjects")) {
    if (key == "stream") {
      read(value, key, list.stream);
    } else if (key == "key_file") {
      read(value, key, list.key_file);
    } else if (key == "listed") {
      simdjson::dom::array digests;
      if (value.get(digests) != simdjson::SUCCESS) model::corrupt_field(key, "is not a list");
      for (const auto one : digests) list.listed.insert(read_digest(one));
    } else {
      model::corrupt_field(key, "is no field of a list of subjects");
    }
  }
  return list;
}

Digest16 subject_digest(std::string_view key, const model::NamedValue& name, bool case_sensitive) {
  std::string value = name.value;
  if (name.name_space == "email" || name.name_space == "upn") {
    // The part after the @ is a domain name: one whatever its case.
    const std::size_t at = case_sensitive ? value.rfind('@') : 0;
    if (at != std::string::npos) value = value.substr(0, at) + base::to_lower_ascii(value.substr(at));
  }
  return base::keyed_digest(key, name.name_space + '\n' + value);
}

std::optional<bool> change(SubjectList& list, const std::vector<Digest16>& digests, bool are_listed) {
  std::set<Digest16> next = list.listed;
  for (const Digest16& digest : digests) {
    if (are_listed)
      next.insert(digest);
    else
      next.erase(digest);
  }
  if (are_listed && next.size() > std::max(most_subjects, list.listed.size())) return std::nullopt;
  if (next == list.listed) return false;
  list.listed = std::move(next);
  return true;
}

SubjectFilter::SubjectFilter(DefaultSubjects by_default, std::shared_ptr<const SubjectList> list,
                             std::string key, bool case_sensitive)
    : by_default_(by_default),
      list_(std::move(list)),
      key_(std::move(key)),
      case_sensitive_(case_sensitive) {}

bool SubjectFilter::has(const model::NamedValue& name) const {
  return list_->listed.contains(subject_digest(key_, name, case_sensitive_));
}

bool SubjectFilter::wants(const std::string& reference, const std::vector<model::NamedValue>& names) const {
  const bool is_listed =
      list_ != nullptr &&
      ((!reference.empty() && has({std::string(reference_name_space), reference})) ||
       std::any_of(names.begin(), names.end(), [this](const model::NamedValue& name) { return has(name); }));
  return is_listed == (by_default_ == DefaultSubjects::None);
}

}  // namespace curfew::outlet
