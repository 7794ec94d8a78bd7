#include "plugins/forms/logs/line_builder.hpp"

#include <charconv>

#include "plugins/forms/logs/cookies.hpp"

namespace curfew::forms {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <typename T>
std::optional<T> number_of(std::string_view text) {
  T value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Decimal {
  std::int64_t whole = 0, millionths = 0;
};

std::optional<Decimal> decimal_of(std::string_view text) {
  const auto dot = std::min(text.find('.'), text.size());
  const auto whole = number_of<std::int64_t>(text.substr(0, dot));
  if (!whole || *whole < 0) return std::nullopt;
  Decimal decimal{*whole, 0};
  std::int64_t unit = 100'000;
  for (std::size_t i = dot + 1; i < text.size(); ++i, unit /= 10) {
    if (!is_digit(text[i])) return std::nullopt;
    decimal.millionths += (text[i] - '0') * unit;
  }
  return decimal;
}

// Seconds, thousandths of them (`in_second` 1,000) or millionths, as microseconds.
std::optional<std::int64_t> micros_of(std::string_view text, std::int64_t in_second) {
  constexpr std::int64_t most_seconds = 9'000'000'000'000;
  const auto decimal = decimal_of(text);
  if (!decimal || decimal->whole / in_second > most_seconds) return std::nullopt;
  return decimal->whole * (1'000'000 / in_second) + decimal->millionths / in_second;
}

std::optional<Time> clf_time(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  if (text.size() != 26 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[14] != ':' ||
      text[17] != ':' || text[20] != ' ')
    return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t size) {
    return number_of<int>(text.substr(at, size)).value_or(-1);
  };
  const auto time = files::to_time(
      {part(7, 4), files::month_of(text.substr(3, 3)), part(0, 2), part(12, 2), part(15, 2), part(18, 2)});
  const auto zone = files::parse_zone(text.substr(21));
  if (!time || !zone) return std::nullopt;
  return *time - std::chrono::seconds(*zone);
}

std::optional<Time> epoch_time(std::string_view text) {
  const auto decimal = decimal_of(text);
  if (!decimal) return std::nullopt;
  // Seconds, thousandths or millionths of them: in our days that is told by the size.
  const std::int64_t in_second = decimal->whole >= 100'000'000'000'000 ? 1'000'000
                                 : decimal->whole >= 100'000'000'000   ? 1000
                                                                       : 1;
  const auto micros = micros_of(text, in_second);
  if (!micros) return std::nullopt;
  return Time{Duration{*micros}};
}

constexpr std::string_view whole_names[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

}  // namespace

bool LineBuilder::set_time(Slot slot, std::string_view value) {
  std::optional<Time> time;
  switch (slot) {
    case Slot::EpochSeconds:
    case Slot::EpochMilliseconds:
    case Slot::EpochMicroseconds: {
      const std::int64_t in_second = slot == Slot::EpochSeconds        ? 1
                                     : slot == Slot::EpochMilliseconds ? 1000
                                                                       : 1'000'000;
      const auto micros = micros_of(value, in_second);
      if (!micros) return false;
      time = Time{Duration{*micros}};
      if (slot != Slot::EpochSeconds || value.find('.') != std::string_view::npos) {
        precise_ = time;
        return true;
      }
      break;
    }
    case Slot::TimeClf:
      time = clf_time(value);
      break;
    case Slot::TimeAny:
      time = files::parse_time(value);
      if (!time) {
        time = files::parse_time(value, true);
        if (time) *time -= std::chrono::seconds(settings_.zone_seconds);
      }
      if (!time) time = epoch_time(value);
      if (!time) time = clf_time(value);
      break;
    case Slot::FractionMilliseconds:
    case Slot::FractionMicroseconds: {
      const auto number = number_of<std::int64_t>(value);
      if (!number || *number < 0 || value.size() > 6) return false;
      fraction_ = *number * (slot == Slot::FractionMilliseconds ? 1000 : 1);
      return true;
    }
    case Slot::TimeFormat:
      return take_time("%s", value).has_value();
    case Slot::Date: {
      const auto used = take_time("%F", value);
      return used && *used == value.size();
    }
    default: {  // TimeOfDay: hh:mm, hh:mm:ss, hh:mm:ss.ffffff
      const auto dot = std::min(value.find('.'), value.size());
      const std::string_view clock = value.substr(0, dot);
      const auto used = take_time(clock.size() == 5 ? "%H:%M" : "%T", clock);
      if (!used || *used != clock.size()) return false;
      if (dot < value.size()) {
        const auto part = decimal_of("0" + std::string(value.substr(dot)));
        if (!part) return false;
        fraction_ = part->millionths;
      }
      return true;
    }
  }
  if (!time) return false;
  if (!whole_ || time->time_since_epoch().count() % 1'000'000 != 0) whole_ = time;
  return true;
}

std::optional<std::size_t> LineBuilder::take_time(std::string_view format, std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&](std::size_t least, std::size_t most, int& value) {
    std::size_t count = 0;
    int number = 0;
    while (count < most && at + count < text.size() && is_digit(text[at + count]))
      number = number * 10 + (text[at + count++] - '0');
    if (count < least) return false;
    at += count;
    value = number;
    return true;
  };
  const auto letters = [&] {
    const std::size_t begin = at;
    while (at < text.size() && ((text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'z')) ++at;
    return text.substr(begin, at - begin);
  };
  const auto nested = [&](std::string_view inner) {
    const auto used = take_time(inner, text.substr(at));
    at += used.value_or(0);
    return used.has_value();
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      if (at >= text.size() || text[at] != format[i]) return std::nullopt;
      ++at;
      continue;
    }
    bool good = true;
    switch (format[++i]) {
      case 'Y':
        good = digits(4, 4, civil_.year);
        has_date_ = true;
        break;
      case 'y':
        good = digits(2, 2, civil_.year);
        civil_.year += civil_.year < 70 ? 2000 : 1900;
        has_date_ = true;
        break;
      case 'm':
        good = digits(2, 2, civil_.month);
        break;
      case 'b':
      case 'h':
        good = at + 3 <= text.size();
        civil_.month = good ? files::month_of(text.substr(at, 3)) : 0;
        good = good && civil_.month != 0;
        at += 3;
        break;
      case 'B': {
        const std::string_view name = letters();
        civil_.month = 0;
        for (std::size_t month = 0; month < 12; ++month) {
          if (files::equal_ignoring_case(name, whole_names[month]))
            civil_.month = static_cast<int>(month) + 1;
        }
        good = civil_.month != 0;
        break;
      }
      case 'e':
        if (at < text.size() && text[at] == ' ') ++at;
        good = digits(1, 2, civil_.day);
        break;
      case 'd':
        good = digits(2, 2, civil_.day);
        break;
      case 'H':
        good = digits(2, 2, civil_.hour);
        has_clock_ = true;
        break;
      case 'I':
        good = digits(2, 2, civil_.hour);
        has_clock_ = is_twelve_hours_ = true;
        break;
      case 'p': {
        const std::string_view half = letters();
        is_afternoon_ = files::equal_ignoring_case(half, "PM");
        good = is_afternoon_ || files::equal_ignoring_case(half, "AM");
        break;
      }
      case 'M':
        good = digits(2, 2, civil_.minute);
        break;
      case 'S':
        good = digits(2, 2, civil_.second);
        break;
      case 'T':
        good = nested("%H:%M:%S");
        break;
      case 'R':
        good = nested("%H:%M");
        break;
      case 'F':
        good = nested("%Y-%m-%d");
        break;
      case 'D':
        good = nested("%m/%d/%y");
        break;
      case 'a':
      case 'A':
      case 'Z':
        letters();
        break;
      case 'z': {
        const std::size_t size = at + 3 < text.size() && text[at + 3] == ':' ? 6 : 5;
        zone_ = files::parse_zone(text.substr(std::min(at, text.size()), size));
        good = zone_.has_value();
        at += size;
        break;
      }
      case 's': {
        std::size_t count = 0;
        while (at + count < text.size() && is_digit(text[at + count])) ++count;
        const auto seconds = micros_of(text.substr(at, count), 1);
        good = count > 0 && seconds.has_value();
        if (good) whole_ = Time{Duration{*seconds}};
        at += count;
        break;
      }
      case '%':
        good = at < text.size() && text[at] == '%';
        ++at;
        break;
      default:
        return std::nullopt;
    }
    if (!good || at > text.size()) return std::nullopt;
  }
  return at;
}

bool is_known_time_format(std::string_view format, std::string& why) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size() ||
        std::string_view("YymbhBedHIpMSTRFDaAZzs%").find(format[i]) == std::string_view::npos) {
      why = "the time format has %" + std::string(format.substr(i, 1)) +
            ", which is not read; write it with %Y %m %d %b %H %M %S %z and the like";
      return false;
    }
  }
  return true;
}

void LineBuilder::set_uri(std::string_view uri) {
  const auto mark = std::min(uri.find('?'), uri.size());
  set(Slot::Path, {}, uri.substr(0, mark));
  if (mark < uri.size()) set(Slot::Query, {}, uri.substr(mark + 1));
}

bool LineBuilder::set(Slot slot, std::string_view name, std::string_view value) {
  if (value.empty() || value == "-") return true;
  if (!name.empty() && line_.fields.size() < LogLine::most_fields) {
    line_.fields.push_back({name, value});
    if (!settings_.cookies.empty()) {
      const auto cookie = settings_.cookies.find(std::string(name));
      if (cookie != settings_.cookies.end()) line_.logged_cookies.push_back({cookie->second, value});
    }
  }
  // Of what is told twice (a request and its path), the first counts.
  const auto first = [&](std::string_view& into) {
    if (into.empty()) into = value;
    return true;
  };
  switch (slot) {
    case Slot::Field:
      return true;
    case Slot::Method:
      return first(line_.method);
    case Slot::Path:
      if (!line_.path.empty()) return true;
      line_.path = value.find('%') == std::string_view::npos ? value : line_.keep(percent_decoded(value));
      return true;
    case Slot::Query:
      if (value.starts_with('?')) value.remove_prefix(1);
      return first(line_.query);
    case Slot::Uri:
      set_uri(value);
      return true;
    case Slot::Request: {
      // What is no request ("\x16\x03…" on a plain port) has neither method nor path.
      const auto blank = value.find(' ');
      if (blank == std::string_view::npos) return true;
      const auto end = value.rfind(' ');
      set(Slot::Method, {}, value.substr(0, blank));
      set_uri(value.substr(blank + 1, end > blank ? end - blank - 1 : std::string_view::npos));
      return true;
    }
    case Slot::User:
      return first(line_.user);
    case Slot::Address:
      return first(line_.address);
    case Slot::UserAgent:
      return first(line_.user_agent);
    case Slot::Host:
      return first(line_.host);
    case Slot::Location:
      return first(line_.location);
    case Slot::Cookies:
      return first(line_.cookies);
    case Slot::SetCookies:
      return first(line_.set_cookies);
    case Slot::OneCookie:
      line_.logged_cookies.push_back({name, value});
      return true;
    case Slot::Status: {
      const auto status = number_of<int>(value);
      if (!status || *status < 0 || *status > 999) return false;
      line_.status = *status;
      return true;
    }
    case Slot::Bytes: {
      const auto bytes = number_of<std::uint64_t>(value);
      line_.bytes = bytes.value_or(0);
      return bytes.has_value();
    }
    case Slot::Microseconds:
    case Slot::Milliseconds:
    case Slot::Seconds: {
      const std::int64_t in_second = slot == Slot::Microseconds   ? 1'000'000
                                     : slot == Slot::Milliseconds ? 1000
                                                                  : 1;
      const auto micros = micros_of(value, in_second);
      if (!micros) return false;
      line_.duration = Duration{*micros};
      return true;
    }
    default:
      return set_time(slot, value);
  }
}

bool LineBuilder::finish(std::string& why) {
  if (precise_) {
    line_.time = *precise_;
    return true;
  }
  const std::int64_t fraction = fraction_.value_or(0);
  if (whole_) {
    const bool is_whole_second = whole_->time_since_epoch().count() % 1'000'000 == 0;
    line_.time = *whole_ + Duration{is_whole_second ? fraction : 0};
    return true;
  }
  if (has_date_ && has_clock_) {
    if (is_twelve_hours_) civil_.hour = civil_.hour % 12 + (is_afternoon_ ? 12 : 0);
    if (const auto time = files::to_time(civil_)) {
      line_.time = *time - std::chrono::seconds(zone_.value_or(settings_.zone_seconds)) + Duration{fraction};
      return true;
    }
  }
  why = "it has no time";
  return false;
}

}  // namespace curfew::forms
