#include "plugins/forms/logs/coverage.hpp"

#include <algorithm>

#include "plugins/files/json_text.hpp"

namespace curfew::forms {
namespace {

using files::append;
using files::append_counts;

constexpr std::size_t most_places = 100;

void append_input(std::string& json, const InputCoverage& input) {
  append(json, "records_total", input.records_total);
  files::append_unreadable(json, input.unreadable, input.places);
  append(json, "headings", input.headings);
  std::map<std::string_view, std::uint64_t> lines;
  for (std::size_t i = 0; i < meaning_count; ++i) {
    if (input.lines[i] != 0) lines[name_of(static_cast<Meaning>(i))] = input.lines[i];
  }
  append_counts(json, "lines", lines);
  append_counts(json, "filtered", input.filtered);
  if (input.last != Time{}) {
    append(json, "first", files::format_time(input.first));
    append(json, "last", files::format_time(input.last));
  }
}

}  // namespace

std::uint32_t Coverage::add_input(std::string_view name) {
  inputs_.emplace_back().name = files::to_clean_utf8(name);
  return static_cast<std::uint32_t>(inputs_.size() - 1);
}

void Coverage::count(std::uint32_t number, Time time, const Judgement& judged) {
  InputCoverage& input = inputs_[number];
  ++input.records_total;
  if (input.last == Time{} || time < input.first) input.first = time;
  if (input.last == Time{} || time > input.last) input.last = time;
  if (judged.means != Meaning::Ignore) {
    ++input.lines[static_cast<std::size_t>(judged.means)];
    return;
  }
  const auto found = input.filtered.find(judged.because);
  if (found != input.filtered.end()) {
    ++found->second;
  } else {
    input.filtered.emplace(files::to_clean_utf8(judged.because), 1);
  }
}

void Coverage::count_heading(std::uint32_t number) {
  ++inputs_[number].records_total;
  ++inputs_[number].headings;
}

void Coverage::count_unreadable(std::uint32_t number, std::string_view place, std::string_view why) {
  InputCoverage& input = inputs_[number];
  ++input.records_total;
  ++input.unreadable;
  if (input.places.size() < most_places)
    input.places.emplace_back(files::to_clean_utf8(place.substr(0, 512)),
                              files::to_clean_utf8(why.substr(0, 512)));
}

InputCoverage Coverage::sum() const {
  InputCoverage total;
  for (const InputCoverage& input : inputs_) {
    if (input.last != Time{}) {
      if (total.last == Time{} || input.first < total.first) total.first = input.first;
      if (total.last == Time{} || input.last > total.last) total.last = input.last;
    }
    total.records_total += input.records_total;
    total.unreadable += input.unreadable;
    total.headings += input.headings;
    for (const auto& [place, why] : input.places) {
      if (total.places.size() < most_places) total.places.emplace_back(input.name + ": " + place, why);
    }
    for (std::size_t i = 0; i < meaning_count; ++i) total.lines[i] += input.lines[i];
    for (const auto& [reason, count] : input.filtered) total.filtered[reason] += count;
  }
  return total;
}

std::string Coverage::to_json(std::uint64_t unsettled_refusals, const Visits::Counts& visits) const {
  std::string json = "{";
  append_input(json, sum());
  if (unsettled_refusals != 0) append(json, "unsettled_refusals", unsettled_refusals);
  if (visits.after_sign_out != 0) append(json, "machines_after_sign_out", visits.after_sign_out);
  if (visits.ended_early != 0) append(json, "visits_ended_early", visits.ended_early);
  files::append_inputs(json, inputs_, append_input);
  json += '}';
  return json;
}

}  // namespace curfew::forms
