// The forms application as a program: `curfew-forms-app --access-log FILE --person alice=secret`.
#include <CLI/CLI.hpp>

#include <csignal>
#include <fstream>
#include <iostream>

#include "tests/support/forms_app/forms_app.hpp"

namespace {

std::map<std::string, std::string> read_people(const std::vector<std::string>& given) {
  std::map<std::string, std::string> people;
  for (const std::string& one : given) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0)
      throw CLI::ValidationError("--person must be name=password");
    people[one.substr(0, equals)] = one.substr(equals + 1);
  }
  return people;
}

std::string read_token(const std::string& file) {
  std::ifstream in;
  if (file != "-") in.open(file);
  std::string token;
  if (!std::getline(file == "-" ? std::cin : in, token) || token.empty())
    throw CLI::ValidationError("--admin-token-file: no token can be read from " + file);
  return token;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("A small web application with a sign-in form, to try Curfew with");
  curfew::forms_app::FormsAppOptions options;
  std::vector<std::string> people;
  std::string manner = "honest";
  std::string token_file;
  program.add_option("--address", options.address, "Address to listen on")->capture_default_str();
  program.add_option("--port", options.port, "Port; 0 takes any")->capture_default_str();
  program.add_option("--access-log", options.access_log, "File that each request to a page is appended to");
  program.add_option("--person", people, "name=password of who may sign in; may be repeated")->required();
  program.add_option("--admin-token", options.admin_token, "What an administrator's calls must bring");
  program.add_option("--postgresql", options.postgresql,
                     "Keep sessions there (a connection string), not in memory");
  program.add_option("--marker", options.marker, "Text that only who is signed in sees")
      ->capture_default_str();
  program.add_option("--admin-token-file", token_file,
                     "File with that, in place of it; - is the standard input");
  program.add_option("--gate", options.gate,
                     "Ask this gate of Curfew's before each page: http://127.0.0.1:8472");
  program.add_option("--hint", options.hint, "Text on the sign-in page");
  program.add_option("--order-command", options.order_command,
                     "How somebody is signed out by hand, for the page /try");
  program.add_option("--manner", manner, "How it takes an administrator's calls")
      ->check(CLI::IsMember({"honest", "cancel-pauses", "lies"}))
      ->capture_default_str();
  try {
    program.parse(argc, argv);
    options.people = read_people(people);
    if (!token_file.empty()) options.admin_token = read_token(token_file);
  } catch (const CLI::ParseError& error) {
    return program.exit(error);
  }
  if (manner == "cancel-pauses") options.manner = curfew::forms_app::Manner::CancelPauses;
  if (manner == "lies") options.manner = curfew::forms_app::Manner::Lies;
  std::signal(SIGPIPE, SIG_IGN);  // a client that has gone ends nothing
  // Before there are threads: all of them leave these signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    const curfew::forms_app::FormsApp app(options);
    std::cout << "http://" << options.address << ":" << app.port() << "/" << std::endl;
    int signal = 0;
    sigwait(&signals, &signal);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "curfew-forms-app: " << error.what() << "\n";
    return 1;
  }
}
