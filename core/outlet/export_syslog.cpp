#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/outlet/client_tls.hpp"
#include "core/outlet/export_sink.hpp"

namespace curfew::outlet {
namespace {

// RFC 5424, 6.2.1.
unsigned level_of(ExportSeverity severity) {
  switch (severity) {
    case ExportSeverity::High:
      return 3;
    case ExportSeverity::Medium:
      return 4;
    case ExportSeverity::Low:
      return 5;
    case ExportSeverity::Informational:
      break;
  }
  return 6;
}

// RFC 5424, 6.3.3: ", \ and ] are escaped, and nothing else.
std::string parameter_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

// A field of the header: printable ASCII without blanks.
std::string header_field(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) out += c > ' ' && c <= '~' ? c : '-';
  return out.empty() ? "-" : out;
}

class SyslogSink final : public ExportSink {
 public:
  explicit SyslogSink(SyslogSinkSettings settings) : settings_(std::move(settings)) {}
  ~SyslogSink() override { close_quietly(); }

  Handover deliver(std::span<const ExportLine> lines) override {
    std::string problem;
    try {
      if (!socket_) connect();
      std::string frames;
      for (const ExportLine& line : lines) {
        const std::string message = syslog_message(settings_, line);
        frames += std::to_string(message.size()) + " " + message;
        if (frames.size() >= most_in_hand) send(std::exchange(frames, {}));
      }
      send(frames);
      await_acknowledged();
      await_settled();
      return {.taken = lines.size(), .refused = 0, .problem = {}, .retry_after = {}};
    } catch (const Poco::TimeoutException&) {
      problem = "nothing is taken in time";
    } catch (const Poco::Exception& error) {
      problem = error.displayText();
    } catch (const Error& error) {
      problem = error.what();
    }
    socket_.reset();
    return {.taken = 0, .refused = 0, .problem = std::move(problem), .retry_after = {}};
  }

  void close() override { close_quietly(); }

 private:
  static constexpr std::size_t most_in_hand = 256 * 1024;

  void connect() {
    const Poco::Timespan timeout(settings_.timeout.count());
    const Poco::Net::SocketAddress address(settings_.host, settings_.port);
    if (settings_.tls) {
      Poco::Net::SecureStreamSocket secure(tls_context_for(settings_.host, settings_.identity));
      secure.setPeerHostName(settings_.host);
      secure.connect(address, timeout);
      set_patience(secure, settings_.timeout);
      if (secure.completeHandshake() != 1) throw Error(ErrorKind::Unavailable, "the TLS handshake failed");
      socket_ = std::make_unique<Poco::Net::SecureStreamSocket>(secure);
    } else {
      socket_ = std::make_unique<Poco::Net::StreamSocket>();
      socket_->connect(address, timeout);
      set_patience(*socket_, settings_.timeout);
    }
    socket_->setNoDelay(true);
  }

  static void set_patience(Poco::Net::StreamSocket& socket, Duration patience) {
    socket.setSendTimeout(Poco::Timespan(patience.count()));
    socket.setReceiveTimeout(Poco::Timespan(patience.count()));
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int count = socket_->sendBytes(bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) throw Error(ErrorKind::Unavailable, "the connection was closed");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // Until the receiver's machine has acknowledged all that was sent (tcp(7), SIOCOUTQ).
  void await_acknowledged() {
    const auto until = std::chrono::steady_clock::now() + settings_.timeout;
    for (auto pause = std::chrono::microseconds(50);; pause = std::min(pause * 2, longest_look)) {
      int unacknowledged = 0;
      if (::ioctl(socket_->impl()->sockfd(), SIOCOUTQ, &unacknowledged) != 0)
        throw Error(ErrorKind::Unavailable, "the connection is lost");
      if (unacknowledged == 0) return;
      if (std::chrono::steady_clock::now() >= until)
        throw Error(ErrorKind::Unavailable, "the receiver acknowledges nothing");
      std::this_thread::sleep_for(pause);
    }
  }

  // A receiver that went down says so by closing or resetting the connection; one that stands says nothing.
  void await_settled() {
    set_patience(*socket_, settings_.settle);
    const auto until = std::chrono::steady_clock::now() + settings_.settle;
    try {
      do {
        char byte = 0;
        if (socket_->receiveBytes(&byte, 1) <= 0)
          throw Error(ErrorKind::Unavailable, "the receiver closed the connection");
      } while (std::chrono::steady_clock::now() < until);
    } catch (const Poco::TimeoutException&) {
      // Silence: the connection stands.
    }
    set_patience(*socket_, settings_.timeout);
  }

  // With the alert close_notify of TLS (RFC 5425, 4.4).
  void close_quietly() {
    if (!socket_) return;
    try {
      socket_->close();
    } catch (const Poco::Exception&) {
      // All that counts as taken was acknowledged before.
    }
    socket_.reset();
  }

  static constexpr auto longest_look = std::chrono::microseconds(10'000);
  const SyslogSinkSettings settings_;
  std::unique_ptr<Poco::Net::StreamSocket> socket_;
};

}  // namespace

std::string syslog_message(const SyslogSinkSettings& settings, const ExportLine& line) {
  const auto position = parse_event_id(line.id);
  const std::string origin = line.id.substr(0, line.id.rfind('/'));
  std::string out = "<" + std::to_string(settings.facility * 8 + level_of(line.severity)) + ">1 ";
  out += base::format_rfc3339(line.at) + " " + header_field(settings.hostname, 255) + " curfew - ";
  out += header_field(line.action, 32) + " [" + settings.data_id + " id=\"" + parameter_value(line.id) +
         "\" stream=\"" + parameter_value(origin) + "\" seq=\"" +
         std::to_string(position ? position->sequence : 0) + "\"] ";
  return out + line.text;
}

std::unique_ptr<ExportSink> make_syslog_sink(SyslogSinkSettings settings) {
  return std::make_unique<SyslogSink>(std::move(settings));
}

}  // namespace curfew::outlet
