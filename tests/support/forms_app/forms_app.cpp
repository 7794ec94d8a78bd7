#include "tests/support/forms_app/forms_app.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/URI.h>

#include <stdexcept>

#include "tests/support/forms_app/inside.hpp"

namespace curfew::forms_app {
namespace {

class Handler final : public Poco::Net::HTTPRequestHandler {
 public:
  explicit Handler(FormsApp::Inside& app) : app_(app) {}
  void handleRequest(Poco::Net::HTTPServerRequest& request,
                     Poco::Net::HTTPServerResponse& response) override {
    try {
      app_.handle(request, response);
    } catch (const Poco::Exception&) {
      // The client has gone; or it sent what can't be read, and is told so by the connection's end.
    }
  }

 private:
  FormsApp::Inside& app_;
};

class Handlers final : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit Handlers(FormsApp::Inside& app) : app_(app) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(
      const Poco::Net::HTTPServerRequest& /*request*/) override {
    return new Handler(app_);  // Poco deletes it
  }

 private:
  FormsApp::Inside& app_;
};

Poco::Net::ServerSocket listen(const FormsAppOptions& options) {
  const Poco::Net::SocketAddress address(options.address, static_cast<Poco::UInt16>(options.port));
  if (options.certificate.empty()) return Poco::Net::ServerSocket(address);
  const Poco::Net::Context::Ptr context =
      new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, options.key, options.certificate, "",
                             Poco::Net::Context::VERIFY_NONE);
  return Poco::Net::SecureServerSocket(address, 64, context);
}

}  // namespace

FormsApp::Inside::~Inside() {
  {
    const std::lock_guard lock(mutex);
    ending = true;
    fault_changed.notify_all();
  }
  if (server) server->stopAll(true);
  pool.joinAll();
  server.reset();
  Poco::Net::uninitializeSSL();
}

void FormsApp::Inside::handle(Poco::Net::HTTPServerRequest& request,
                              Poco::Net::HTTPServerResponse& response) {
  if (Poco::URI(request.getURI()).getPath().starts_with("/admin/"))
    handle_admin(request, response);
  else if (!gate || !gate->answers(request, response))
    handle_page(request, response);
}

FormsApp::FormsApp(FormsAppOptions options) {
  Poco::Net::initializeSSL();
  inside_ = std::make_unique<Inside>();
  inside_->options = std::move(options);
  Inside& in = *inside_;
  in.manner = in.options.manner;
  in.sessions = in.options.postgresql.empty() ? in_memory() : in_postgresql(in.options.postgresql);
  if (!in.options.gate.empty()) in.gate.emplace(in.options.gate);
  if (!in.options.access_log.empty()) {
    in.log.open(in.options.access_log, std::ios::app);
    if (!in.log) throw std::runtime_error("can't write " + in.options.access_log.string());
  }
  auto* parameters = new Poco::Net::HTTPServerParams;  // Poco owns it
  parameters->setKeepAlive(false);
  parameters->setMaxThreads(16);
  const Poco::Net::ServerSocket socket = listen(in.options);
  in.port = socket.address().port();
  in.server = std::make_unique<Poco::Net::HTTPServer>(new Handlers(in), in.pool, socket, parameters);
  in.server->start();
}

FormsApp::~FormsApp() = default;

int FormsApp::port() const { return inside_->port; }
std::uint64_t FormsApp::admin_calls() const { return inside_->admin_calls; }
void FormsApp::behave(Manner manner) { inside_->manner = manner; }

void FormsApp::fail(Fault fault) {
  const std::lock_guard lock(inside_->mutex);
  inside_->fault = fault;
  inside_->fault_changed.notify_all();
}

}  // namespace curfew::forms_app
