#include "tests/support/mail_server.hpp"

#include <Poco/Base64Decoder.h>
#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <sstream>
#include <thread>

namespace curfew::support {
namespace {

std::string decoded(const std::string& text) {
  std::istringstream in(text);
  Poco::Base64Decoder decoder(in);
  std::string out;
  Poco::StreamCopier::copyToString(decoder, out);
  return out;
}

std::string in_brackets(const std::string& line) {
  const std::size_t open = line.find('<');
  const std::size_t close = line.find('>', open);
  return open == std::string::npos || close == std::string::npos ? line
                                                                 : line.substr(open + 1, close - open - 1);
}

}  // namespace

struct MailServer::State {
  MailServerSettings settings;
  Poco::Net::ServerSocket listener{Poco::Net::SocketAddress("127.0.0.1", 0)};
  Poco::Net::Context::Ptr context;
  std::atomic<bool> ending = false;
  mutable std::mutex mutex;
  std::condition_variable ended;
  std::deque<std::pair<std::string, std::string>> faults;
  std::vector<TakenMail> taken;
  std::size_t connections = 0;
  std::thread thread;

  // A dialog's own.
  Poco::Net::StreamSocket socket;
  std::string buffer;

  void run() {
    while (!ending) {
      if (!listener.poll(Poco::Timespan(0, 50'000), Poco::Net::Socket::SELECT_READ)) continue;
      socket = listener.acceptConnection();
      buffer.clear();
      {
        const std::lock_guard lock(mutex);
        ++connections;
      }
      try {
        talk();
      } catch (const Poco::Exception&) {
        // The other side went away, or its TLS was none: the next one, please.
      }
      socket.close();
    }
  }

  bool read_line(std::string& line) {
    while (buffer.find('\n') == std::string::npos) {
      if (ending) return false;
      if (!socket.poll(Poco::Timespan(0, 50'000), Poco::Net::Socket::SELECT_READ)) continue;
      char bytes[4096];
      const int got = socket.receiveBytes(bytes, sizeof bytes);
      if (got <= 0) return false;
      buffer.append(bytes, static_cast<std::size_t>(got));
    }
    const std::size_t end = buffer.find('\n');
    line = buffer.substr(0, end);
    if (line.ends_with('\r')) line.pop_back();
    buffer.erase(0, end + 1);
    return true;
  }
  void say(const std::string& text) {
    const std::string line = text + "\r\n";
    socket.sendBytes(line.data(), static_cast<int>(line.size()));
  }
  // False: the dialog is over.
  bool answer(const std::string& word, const std::string& usual, bool& failed) {
    std::string text = usual;
    failed = false;
    {
      const std::lock_guard lock(mutex);
      if (!faults.empty() && faults.front().first == word) {
        text = faults.front().second;
        faults.pop_front();
        failed = true;
      }
    }
    if (text.empty()) return false;
    if (text == "hang") {
      std::unique_lock lock(mutex);
      ended.wait(lock, [this] { return ending.load(); });
      return false;
    }
    say(text);
    return true;
  }

  void talk() {
    TakenMail mail;
    bool failed = false;
    if (!answer("greeting", "220 test ESMTP", failed)) return;
    for (std::string line; read_line(line);) {
      const std::string word = line.substr(0, line.find(' '));
      if (word == "EHLO") {
        std::string usual = "250-test\r\n";
        if (!settings.certificate.empty() && !mail.over_tls) usual += "250-STARTTLS\r\n";
        if (!settings.user.empty()) usual += "250-AUTH PLAIN LOGIN\r\n";
        if (!answer(word, usual + "250 8BITMIME", failed)) return;
      } else if (word == "STARTTLS") {
        const bool can = !settings.certificate.empty();
        if (!answer(word, can ? "220 go ahead" : "502 not here", failed)) return;
        if (failed || !can) continue;
        Poco::Net::SecureStreamSocket secure = Poco::Net::SecureStreamSocket::attach(socket, context);
        secure.setLazyHandshake(false);
        socket = secure;
        mail.over_tls = true;
      } else if (word == "AUTH") {
        const std::string wanted = std::string(1, '\0') + settings.user + '\0' + settings.password;
        std::string given;
        if (line.starts_with("AUTH PLAIN ")) given = decoded(line.substr(11));
        if (line == "AUTH PLAIN") {
          say("334 ");
          if (!read_line(given)) return;
          given = decoded(given);
        }
        // The authorization identity may be given or left out.
        mail.signed_in = given.size() >= wanted.size() && given.ends_with(wanted);
        if (!answer(word, mail.signed_in ? "235 welcome" : "535 wrong", failed)) return;
      } else if (word == "MAIL") {
        const bool may = settings.user.empty() || mail.signed_in;
        mail.from = in_brackets(line);
        if (!answer(word, may ? "250 ok" : "530 sign in first", failed)) return;
      } else if (word == "RCPT") {
        if (!answer(word, "250 ok", failed)) return;
        if (!failed) mail.to.push_back(in_brackets(line));
      } else if (word == "DATA") {
        if (!answer(word, "354 go on", failed)) return;
        if (failed) continue;
        std::string text;
        while (read_line(line) && line != ".")
          text += (line.starts_with("..") ? line.substr(1) : line) + "\n";
        if (!answer(".", "250 taken", failed)) return;
        if (failed) continue;
        mail.text = text;
        const std::lock_guard lock(mutex);
        taken.push_back(mail);
      } else if (word == "QUIT") {
        say("221 bye");
        return;
      } else {
        say("500 what?");
      }
    }
  }
};

MailServer::MailServer(MailServerSettings settings) : state_(std::make_unique<State>()) {
  state_->settings = std::move(settings);
  if (!state_->settings.certificate.empty()) {
    Poco::Net::Context::Params parameters;
    parameters.certificateFile = state_->settings.certificate;
    parameters.privateKeyFile = state_->settings.key;
    parameters.verificationMode = Poco::Net::Context::VERIFY_NONE;
    state_->context = new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, parameters);
  }
  state_->thread = std::thread([this] { state_->run(); });
}

MailServer::~MailServer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    state_->ended.notify_all();
  }
  state_->thread.join();
}

void MailServer::fail_next(const std::string& word, const std::string& answer) {
  const std::lock_guard lock(state_->mutex);
  state_->faults.emplace_back(word, answer);
}

std::uint16_t MailServer::port() const { return state_->listener.address().port(); }

std::vector<TakenMail> MailServer::taken() const {
  const std::lock_guard lock(state_->mutex);
  return state_->taken;
}

std::size_t MailServer::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections;
}

}  // namespace curfew::support
