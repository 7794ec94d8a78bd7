#include "plugins/windows/json_unnamed_data.hpp"

#include <charconv>

#include "plugins/windows/adfs/audit_record.hpp"

namespace curfew::windows {
namespace {

using Element = simdjson::dom::element;

constexpr std::size_t most_values = 512;

std::string_view text_of(const Element& value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

// {"#text": …} is what it holds.
Element unwrapped(const Element& value) {
  Element inner;
  const bool is_wrapped = value.is_object() && value.at_key("#text").get(inner) == simdjson::SUCCESS;
  return is_wrapped ? inner : value;
}

}  // namespace

bool UnnamedData::take(std::string_view key, const Element& value) {
  if (key == "Data") {
    take_list(value);
    return true;
  }
  if (!key.starts_with("param")) return false;
  const std::string_view digits = key.substr(5);
  std::size_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || number == 0 ||
      number > most_values)
    return false;
  if (values_.size() < number) values_.resize(number);
  values_[number - 1] = text_of(value);
  return true;
}

void UnnamedData::take_list(const Element& value) {
  const Element inner = unwrapped(value);
  simdjson::dom::array list;
  if (inner.get_array().get(list) != simdjson::SUCCESS) {
    if (values_.size() < most_values) values_.push_back(text_of(inner));
    return;
  }
  for (const Element one : list) {
    if (values_.size() < most_values) values_.push_back(text_of(unwrapped(one)));
  }
}

void UnnamedData::take_message(const Element& value) { message_ = text_of(value); }

void UnnamedData::apply(WindowsEvent& event) const {
  if (!adfs::is_audit(event)) return;
  if (values_.size() < 2 && !message_.empty()) {
    adfs::read_audit_message(event, message_);
  } else {
    adfs::read_audit_record(event, values_);
  }
}

}  // namespace curfew::windows
