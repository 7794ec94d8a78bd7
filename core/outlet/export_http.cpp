#include <Poco/DeflatingStream.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/URI.h>
#include <simdjson.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/base/text.hpp"
#include "core/outlet/client_tls.hpp"
#include "core/outlet/event_push.hpp"
#include "core/outlet/export_sink.hpp"

namespace curfew::outlet {
namespace {

// A bulk answer says something of each event.
constexpr std::size_t longest_bulk_answer = 16 * 1024 * 1024;

std::string zipped(const std::string& body) {
  std::ostringstream out;
  Poco::DeflatingOutputStream zip(out, Poco::DeflatingStreamBuf::STREAM_GZIP);
  zip << body;
  zip.close();
  return std::move(out).str();
}

class HttpSink final : public ExportSink {
 public:
  explicit HttpSink(HttpSinkSettings settings) : settings_(std::move(settings)) {}

  Handover deliver(std::span<const ExportLine> lines) override {
    Handover all;
    while (!lines.empty()) {
      const std::span<const ExportLine> batch = lines.first(next_batch(lines));
      const Handover one = send(batch);
      all.taken += one.taken;
      all.refused += one.refused;
      lines = lines.subspan(one.taken);
      if (one.problem.empty()) continue;
      all.problem = one.problem;
      all.retry_after = one.retry_after;
      break;
    }
    return all;
  }

 private:
  [[nodiscard]] std::size_t next_batch(std::span<const ExportLine> lines) const {
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (; count < lines.size() && count < settings_.batch_events; ++count) {
      bytes += lines[count].text.size() + 1;
      if (count > 0 && bytes > settings_.batch_bytes) break;
    }
    return count;
  }

  // Halves what the receiver finds too large; one event that is too large by itself is refused for good.
  Handover send(std::span<const ExportLine> batch) {
    int status = 0;
    Handover handover = post(batch, status);
    if (status != Poco::Net::HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE) return handover;
    if (batch.size() == 1) return {.taken = 1, .refused = 1, .problem = {}, .retry_after = {}};
    const std::size_t half = batch.size() / 2;
    Handover first = send(batch.first(half));
    if (!first.problem.empty() || first.taken < half) return first;
    const Handover second = send(batch.subspan(half));
    first.taken += second.taken;
    first.refused += second.refused;
    first.problem = second.problem;
    first.retry_after = second.retry_after;
    return first;
  }

  Handover post(std::span<const ExportLine> batch, int& status) {
    Handover handover;
    try {
      const Poco::URI url(settings_.url);
      const auto session = connection_to(url);
      session->setTimeout(Poco::Timespan(settings_.timeout.count()));
      const std::string path = url.getPathAndQuery();
      Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_POST, path.empty() ? "/" : path,
                                     Poco::Net::HTTPMessage::HTTP_1_1);
      std::string body = http_body(settings_, batch);
      if (settings_.gzip) {
        body = zipped(body);
        request.set("Content-Encoding", "gzip");
      }
      const bool is_one_document = settings_.body == HttpBody::Array || settings_.body == HttpBody::Hec;
      request.setContentType(is_one_document ? "application/json" : "application/x-ndjson");
      request.setContentLength64(static_cast<Poco::Int64>(body.size()));
      request.set("User-Agent", "curfew/" CURFEW_VERSION);
      if (!settings_.authorization.empty()) request.set("Authorization", settings_.authorization);
      session->sendRequest(request) << body << std::flush;
      Poco::Net::HTTPResponse response;
      std::istream& in = session->receiveResponse(response);
      status = static_cast<int>(response.getStatus());
      if (status >= 200 && status < 300)
        return settings_.body == HttpBody::Bulk ? judge(in, batch) : all(batch);
      handover.problem = "HTTP " + std::to_string(status);
      if (response.has("Retry-After"))
        handover.retry_after = parse_retry_after(response.get("Retry-After"), settings_.now());
    } catch (const Poco::TimeoutException&) {
      handover.problem = "no answer in time";
    } catch (const Poco::Exception& error) {
      handover.problem = error.displayText();
    }
    return handover;
  }

  static Handover all(std::span<const ExportLine> batch) {
    return {.taken = batch.size(), .refused = 0, .problem = {}, .retry_after = {}};
  }

  // The cursor passes a leading row of events alone: those behind the first that must be sent again come
  // again too, and are recognised by their ids.
  static Handover judge(std::istream& in, std::span<const ExportLine> batch) {
    std::string body(longest_bulk_answer, '\0');
    in.read(body.data(), static_cast<std::streamsize>(body.size()));
    body.resize(static_cast<std::size_t>(in.gcount()));
    const auto fates = parse_bulk_answer(body);
    if (!fates || fates->size() != batch.size())
      return {.taken = 0, .refused = 0, .problem = "its answer is none of a bulk request", .retry_after = {}};
    Handover handover;
    for (const BulkFate fate : *fates) {
      if (fate == BulkFate::Again) {
        handover.problem = "it took a part of them";
        break;
      }
      ++handover.taken;
      if (fate == BulkFate::Refused) ++handover.refused;
    }
    return handover;
  }

  [[nodiscard]] std::unique_ptr<Poco::Net::HTTPClientSession> connection_to(const Poco::URI& url) const {
    if (url.getScheme() == "http")
      return std::make_unique<Poco::Net::HTTPClientSession>(url.getHost(), url.getPort());
    return std::make_unique<Poco::Net::HTTPSClientSession>(
        url.getHost(), url.getPort(), tls_context_for(url.getHost(), settings_.identity));
  }

  const HttpSinkSettings settings_;
};

void append_hec(std::string& out, const HttpSinkSettings& settings, const ExportLine& line) {
  const std::int64_t millis = base::to_micros(line.at) / 1'000;
  std::string fraction = std::to_string(millis % 1'000);
  fraction.insert(0, 3 - std::min<std::size_t>(3, fraction.size()), '0');
  out += "{\"time\":" + std::to_string(millis / 1'000) + "." + fraction + ",\"host\":";
  base::append_json_string(out, settings.hostname);
  out += ",\"source\":\"curfew\",\"sourcetype\":\"curfew\",\"fields\":{\"event_id\":";
  base::append_json_string(out, line.id);
  out += "},\"event\":";
  // CEF is a text, the others are JSON.
  if (line.text.starts_with('{'))
    out += line.text;
  else
    base::append_json_string(out, line.text);
  out += "}";
}

}  // namespace

std::string http_body(const HttpSinkSettings& settings, std::span<const ExportLine> lines) {
  std::string out = settings.body == HttpBody::Array ? "[" : "";
  for (const ExportLine& line : lines) {
    switch (settings.body) {
      case HttpBody::Lines:
        out += line.text + "\n";
        break;
      case HttpBody::Array:
        if (out.size() > 1) out += ",\n";
        out += line.text;
        break;
      case HttpBody::Hec:
        append_hec(out, settings, line);
        break;
      case HttpBody::Bulk:
        out += "{\"create\":{";
        if (!settings.index.empty()) {
          out += "\"_index\":";
          base::append_json_string(out, settings.index);
          out += ",";
        }
        out += "\"_id\":";
        base::append_json_string(out, line.id);
        out += "}}\n" + line.text + "\n";
        break;
    }
  }
  if (settings.body == HttpBody::Array) out += "]";
  return out;
}

std::optional<std::vector<BulkFate>> parse_bulk_answer(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::object answer;
  simdjson::dom::array items;
  if (parser.parse(body).get(answer) != simdjson::SUCCESS || answer["items"].get(items) != simdjson::SUCCESS)
    return std::nullopt;
  std::vector<BulkFate> fates;
  for (const auto item : items) {
    std::int64_t status = 0;
    if (item["create"]["status"].get(status) != simdjson::SUCCESS) return std::nullopt;
    // 409: it is there from before, under this id.
    if ((status >= 200 && status < 300) || status == 409)
      fates.push_back(BulkFate::Taken);
    else if (status == 400)
      fates.push_back(BulkFate::Refused);
    else
      fates.push_back(BulkFate::Again);
  }
  return fates;
}

std::unique_ptr<ExportSink> make_http_sink(HttpSinkSettings settings) {
  return std::make_unique<HttpSink>(std::move(settings));
}

}  // namespace curfew::outlet
