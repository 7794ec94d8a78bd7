// One value or line of a log as the records that it holds: whose they are, and what each means. Envelopes
// (Azure's `records`, Graph's `value`, lists of APIs, what shippers of logs wrap around a record) are opened
// first.
//
//   RecordIntake intake({.zone = …}, sink);
//   intake.value(element, "line 7");
//
// Each record comes to the sink once: told, filtered with its vendor's name for it, or unreadable.
//
// Threads: an object belongs to one thread. Owns: nothing. Fails: never.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "plugins/oauth/events/event_reader.hpp"
#include "plugins/oauth/logs/record_reader.hpp"

namespace curfew::oauth::logs {

class EventSink {
 public:
  virtual ~EventSink() = default;
  // `is_of_person`: an end of all that the person had at this vendor.
  virtual void told(std::string_view vendor, Sighting&& sighting, bool is_of_person) = 0;
  virtual void filtered(std::string_view vendor, std::string_view name) = 0;
  virtual void continued() = 0;
  virtual void unreadable(const std::string& place, std::string_view why) = 0;
};

class RecordIntake final : public ValueSink {
 public:
  // `zone`: of lines that bear none, east of Greenwich.
  RecordIntake(std::chrono::seconds zone, EventSink& sink) : zone_(zone), sink_(sink) {}

  void value(const simdjson::dom::element& value, const std::string& place) override;
  void line(LineKind kind, std::string_view line, const std::string& place) override;
  void continued() override { sink_.continued(); }
  void unreadable(const std::string& place, std::string_view why) override { sink_.unreadable(place, why); }

 private:
  void open(const simdjson::dom::element& value, const std::string& place, int depth);
  [[nodiscard]] bool open_list(const simdjson::dom::element& value, const std::string& place, int depth);
  [[nodiscard]] bool open_wrapper(const simdjson::dom::element& value, const std::string& place, int depth);
  void open_text(std::string_view text, const std::string& place, int depth);
  [[nodiscard]] bool record(const simdjson::dom::element& value, const std::string& place);
  [[nodiscard]] bool keycloak(const simdjson::dom::element& value, const std::string& place);
  [[nodiscard]] bool entra(const simdjson::dom::element& value, const std::string& place);
  void google(const simdjson::dom::element& value, const std::string& place);
  void by_table(const events::EventTable& table, const simdjson::dom::element& value,
                const std::string& place);
  void keycloak_event(const std::string& row, bool is_admin, std::string_view type, std::string_view realm,
                      const std::string& place);
  void keycloak_line(std::string_view line, const std::string& place);
  void cef_line(std::string_view line, const std::string& place);
  void keycloak_message(plugin::Time at, std::string_view message, const std::string& place);
  void take(std::string_view vendor, events::ReadEvent&& event, const std::string& place);

  std::chrono::seconds zone_;
  EventSink& sink_;
};

}  // namespace curfew::oauth::logs
