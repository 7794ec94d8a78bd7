// A field of a JSON record by its path, as text.
//
//   field_of(record, "client.ipAddress|client_ip");            // the first that says something
//   field_of(record, "parameters[name=login_type].value");     // of the list's member with that name
//   field_of(record, "principal.0");                           // by its place in the list
//   field_of(record, "ExtraDetails.{SessionID}");              // of a text such as a=b;SessionID=c
//
// Numbers and truth values come as they are written. What says nothing (null, "", "null", "-", "unknown") is
// empty. A text that is itself JSON is looked into where a path goes on; no deeper than twice.
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace curfew::oauth::events {

[[nodiscard]] std::string field_of(const simdjson::dom::element& record, std::string_view paths);
// `path&path=value|…`: whether one of the shapes is the record's (EventTable::marks).
[[nodiscard]] bool has_marks(const simdjson::dom::element& record, std::string_view marks);

}  // namespace curfew::oauth::events
