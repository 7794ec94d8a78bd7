#include "plugins/oauth/shared_signals/stream_management.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plugins/files/text.hpp"
#include "plugins/oauth/shared_signals/poll_answer.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;

constexpr std::size_t longest_text = 2048;
constexpr std::size_t most_entries = 500;

json document_of(std::string_view body, const std::string& what) {
  json document = is_shallow(body) ? json::parse(body, nullptr, false) : json(json::value_t::discarded);
  if (document.is_discarded())
    throw Failure(Code::Unavailable, what + " is no JSON, nests too deep, or was cut; it is asked for again");
  return document;
}

std::string text_in(const json& object, const char* name, const std::string& what) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string() || found->get_ref<const std::string&>().size() > longest_text ||
      !files::is_clean_utf8(found->get_ref<const std::string&>()))
    throw Failure(Code::Unavailable, what + ": `" + name + "` is no text");
  return found->get<std::string>();
}

std::vector<std::string> texts_in(const json& object, const char* name, const std::string& what) {
  std::vector<std::string> all;
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return all;
  const auto wrong = [&] {
    return Failure(Code::Unavailable, what + ": `" + name + "` is no list of texts");
  };
  if (found->is_string()) return {found->get<std::string>()};
  if (!found->is_array() || found->size() > most_entries) throw wrong();
  for (const json& one : *found) {
    if (!one.is_string() || one.get_ref<const std::string&>().size() > longest_text) throw wrong();
    all.push_back(one.get<std::string>());
  }
  return all;
}

std::string endpoint_in(const json& object, const char* name, const std::string& what) {
  std::string url = text_in(object, name, what);
  if (!url.empty() && !is_safe_endpoint(url))
    throw Failure(Code::Refused,
                  what + ": `" + name + "` is neither https nor on this machine; tokens are not sent there");
  return url;
}

Stream read_stream(const json& one, const std::string& issuer) {
  const std::string what = "the configuration of a stream of " + issuer;
  if (!one.is_object()) throw Failure(Code::Unavailable, what + " is no JSON object");
  Stream out;
  out.id = text_in(one, "stream_id", what);
  if (out.id.empty()) throw Failure(Code::Unavailable, what + " has no stream_id");
  if (text_in(one, "iss", what) != issuer)
    throw Failure(Code::Refused, what + " is of another issuer; look at `url`");
  out.audiences = texts_in(one, "aud", what);
  out.delivered = texts_in(one, "events_delivered", what);
  if (const auto delivery = one.find("delivery"); delivery != one.end() && delivery->is_object()) {
    out.method = text_in(*delivery, "method", what);
    out.endpoint_url = text_in(*delivery, "endpoint_url", what);
  }
  if (const auto interval = one.find("min_verification_interval"); interval != one.end()) {
    const double seconds = interval->is_number() ? interval->get<double>() : 0;
    out.least_verification_interval =
        std::chrono::seconds(static_cast<std::int64_t>(std::clamp(seconds, 0.0, 86'400.0)));
  }
  return out;
}

}  // namespace

bool is_safe_endpoint(const std::string& url) {
  try {
    const Poco::URI uri(url);
    const std::string& host = uri.getHost();
    if (host.empty() || !uri.getUserInfo().empty() || !uri.getFragment().empty()) return false;
    return uri.getScheme() == "https" ||
           (uri.getScheme() == "http" && (host == "localhost" || host == "::1" || host.starts_with("127.")));
  } catch (const Poco::Exception&) {
    return false;  // no URL
  }
}

std::string metadata_url(std::string_view issuer) {
  while (issuer.ends_with('/')) issuer.remove_suffix(1);
  const std::size_t scheme = issuer.find("://");
  const std::size_t path =
      std::min(issuer.find('/', scheme == std::string_view::npos ? 0 : scheme + 3), issuer.size());
  return std::string(issuer.substr(0, path)) + "/.well-known/ssf-configuration" +
         std::string(issuer.substr(path));
}

Metadata read_metadata(std::string_view body, const std::string& issuer) {
  const std::string what = "the Shared Signals metadata of " + issuer;
  const json document = document_of(body, what);
  if (!document.is_object()) throw Failure(Code::Unavailable, what + " is no JSON object");
  if (document.value("issuer", json()) != issuer)
    throw Failure(Code::Refused, what + " is of another issuer; look at `url`");
  return {.configuration_endpoint = endpoint_in(document, "configuration_endpoint", what),
          .status_endpoint = endpoint_in(document, "status_endpoint", what),
          .verification_endpoint = endpoint_in(document, "verification_endpoint", what),
          .critical_members = texts_in(document, "critical_subject_members", what)};
}

std::vector<Stream> read_streams(std::string_view body, const std::string& issuer) {
  const json document = document_of(body, "the configuration of a stream of " + issuer);
  std::vector<Stream> all;
  if (!document.is_array()) return {read_stream(document, issuer)};
  if (document.size() > most_entries)
    throw Failure(Code::Refused, issuer + " has too many streams for one receiver; name ours by stream_id");
  for (const json& one : document) all.push_back(read_stream(one, issuer));
  return all;
}

std::string read_status(std::string_view body, const std::string& stream) {
  const std::string what = "the status of the stream";
  const json document = document_of(body, what);
  if (!document.is_object()) throw Failure(Code::Unavailable, what + " is no JSON object");
  if (const std::string of = text_in(document, "stream_id", what); !of.empty() && of != stream)
    throw Failure(Code::Unavailable, what + " is of another stream");
  std::string status = text_in(document, "status", what);
  if (status != "enabled" && status != "paused" && status != "disabled")
    throw Failure(Code::Unavailable, what + " is none of enabled, paused, disabled");
  return status;
}

}  // namespace curfew::oauth::shared_signals
