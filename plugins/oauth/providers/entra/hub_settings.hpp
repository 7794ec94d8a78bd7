// Settings of an Event Hub, as a Kafka client needs them.
//
//   const kafka::ServerSettings server = hub_settings(*own.inner("event_hub"));
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Invalid) with the setting and the remedy,
// never with the connection string in it.
#pragma once

#include <string>

#include "plugins/kafka/consumer.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::oauth::entra {

// "Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…": of a namespace, or of one hub.
struct ConnectionString {
  std::string host;
  std::string hub;  // empty: of the whole namespace
};
// `where` it stands, for errors.
[[nodiscard]] ConnectionString read_connection_string(const std::string& text, const std::string& where);

[[nodiscard]] kafka::ServerSettings hub_settings(const web::Setting& given);

}  // namespace curfew::oauth::entra
