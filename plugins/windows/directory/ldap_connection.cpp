#include "plugins/windows/directory/ldap_connection.hpp"

#include <fcntl.h>
#include <lber.h>
#include <ldap.h>
#include <sasl/sasl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "plugins/windows/directory/kerberos_credential.hpp"
#include "plugins/windows/directory/ldap_text.hpp"

namespace curfew::windows {
namespace {

using plugin::Code;
using plugin::Failure;

constexpr ber_len_t most_bytes_of_an_answer = 4UL * 1024 * 1024;
constexpr ber_int_t entries_of_a_page = 500;  // domain controllers give 1,000 at most unless told otherwise
constexpr int least_sealing = 56;             // as libsasl counts: Kerberos' encryption, whatever its key
constexpr const char* system_trust = "/etc/ssl/certs/ca-certificates.crt";

timeval timeval_of(std::chrono::milliseconds time) {
  return {static_cast<time_t>(time.count() / 1000), static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

// Called by libldap when a socket is connected, before TLS.
int socket_opened(LDAP*, Sockbuf* buffer, LDAPURLDesc*, sockaddr*, ldap_conncb* callback) {
  ber_len_t most = most_bytes_of_an_answer;
  ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most);
  ber_socket_t socket = -1;
  if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &socket) != 1) return -1;
  return static_cast<Attempt*>(callback->lc_arg)->watch(socket) ? 0 : -1;
}
void socket_closing(LDAP*, Sockbuf*, ldap_conncb*) {}

// The credential can be handed over only while the sign-in is under way.
int interact(LDAP* handle, unsigned, void* credential, void* questions) {
  if (ldap_set_option(handle, LDAP_OPT_X_SASL_GSS_CREDS, credential) != LDAP_OPT_SUCCESS)
    return LDAP_LOCAL_ERROR;
  for (auto* one = static_cast<sasl_interact_t*>(questions); one->id != SASL_CB_LIST_END; ++one) {
    one->result = one->defresult != nullptr ? one->defresult : "";
    one->len = static_cast<unsigned>(std::strlen(static_cast<const char*>(one->result)));
  }
  return LDAP_SUCCESS;
}

int scope_of(Scope scope) {
  switch (scope) {
    case Scope::Base:
      return LDAP_SCOPE_BASE;
    case Scope::OneLevel:
      return LDAP_SCOPE_ONELEVEL;
    case Scope::Subtree:
      break;
  }
  return LDAP_SCOPE_SUBTREE;
}

bool is_connection_lost(int code) {
  return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR ||
         code == LDAP_DECODING_ERROR || code == LDAP_TIMELIMIT_EXCEEDED || code == LDAP_UNAVAILABLE ||
         code == LDAP_BUSY || code == LDAP_LOCAL_ERROR;
}

}  // namespace

Attempt::~Attempt() {
  if (socket_ >= 0) ::close(socket_);
}

void Attempt::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool Attempt::watch(int socket) {
  const std::lock_guard lock(mutex_);
  if (cut_) return false;
  if (socket_ >= 0) ::close(socket_);
  socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  return socket_ >= 0;
}

bool Attempt::was_connected() {
  const std::lock_guard lock(mutex_);
  return socket_ >= 0;
}

std::string LdapEntry::value(const std::string& attribute) const {
  const auto found = values.find(lower(attribute));
  return found == values.end() || found->second.empty() ? std::string{} : found->second.front();
}

void append_entries(LDAP* handle, LDAPMessage* answer, std::vector<LdapEntry>& entries) {
  for (LDAPMessage* at = ldap_first_entry(handle, answer); at != nullptr; at = ldap_next_entry(handle, at)) {
    LdapEntry& entry = entries.emplace_back();
    char* dn = ldap_get_dn(handle, at);
    entry.dn = dn != nullptr ? dn : "";
    ldap_memfree(dn);
    BerElement* cursor = nullptr;
    for (char* name = ldap_first_attribute(handle, at, &cursor); name != nullptr;
         name = ldap_next_attribute(handle, at, cursor)) {
      berval** values = ldap_get_values_len(handle, at, name);
      std::vector<std::string>& all = entry.values[lower(name)];
      for (int i = 0; values != nullptr && values[i] != nullptr; ++i)
        all.emplace_back(values[i]->bv_val, values[i]->bv_len);
      ldap_value_free_len(values);
      ldap_memfree(name);
    }
    ber_free(cursor, 0);
  }
}

struct LdapConnection::Library {
  LDAP* handle = nullptr;
  ldap_conncb callback{socket_opened, socket_closing, nullptr};
  std::optional<KerberosCredential> credential;

  ~Library() {
    if (handle != nullptr) ldap_unbind_ext_s(handle, nullptr, nullptr);
  }
  void set(int option, const void* value) const {
    if (ldap_set_option(handle, option, value) != LDAP_OPT_SUCCESS)
      throw Failure(Code::Failed, "libldap refuses the option " + std::to_string(option));
  }
  void set(int option, int value) const { set(option, static_cast<const void*>(&value)); }
  // What the server or the TLS library said besides the code.
  [[nodiscard]] std::string diagnosis() const {
    char* text = nullptr;
    if (ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) != LDAP_OPT_SUCCESS || text == nullptr)
      return {};
    std::string out(text);
    ldap_memfree(text);
    return out;
  }
};

LdapConnection::LdapConnection(const DirectorySettings& settings, const DirectoryServer& server,
                               std::shared_ptr<Attempt> attempt)
    : settings_(settings),
      server_(server.uri),
      attempt_(std::move(attempt)),
      library_(std::make_unique<Library>()) {
  if (const int code = ldap_initialize(&library_->handle, server.uri.c_str()); code != LDAP_SUCCESS)
    throw Failure(Code::Failed, server_ + ": " + ldap_err2string(code));
  library_->callback.lc_arg = attempt_.get();
  library_->set(LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3);
  library_->set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  library_->set(LDAP_OPT_DEREF, LDAP_DEREF_NEVER);
  library_->set(LDAP_OPT_CONNECT_CB, &library_->callback);
  const timeval connect = timeval_of(settings_.connect_timeout);
  const timeval answer = timeval_of(settings_.timeout);
  library_->set(LDAP_OPT_NETWORK_TIMEOUT, &connect);
  library_->set(LDAP_OPT_TIMEOUT, &answer);
  // Whatever an ldap.conf of this machine says, the server's certificate is checked.
  const std::string& trust = settings_.ca_file.empty() ? system_trust : settings_.ca_file;
  library_->set(LDAP_OPT_X_TLS_CACERTFILE, trust.c_str());
  library_->set(LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_DEMAND);
  library_->set(LDAP_OPT_X_TLS_PROTOCOL_MIN, LDAP_OPT_X_TLS_PROTOCOL_TLS1_2);
  const int as_client = 0;
  if (settings_.bind == Bind::Simple &&
      ldap_set_option(library_->handle, LDAP_OPT_X_TLS_NEWCTX, &as_client) != LDAP_OPT_SUCCESS)
    throw Failure(Code::Failed, "the CA file " + trust +
                                    " can't be used; check the path, its permissions and "
                                    "that it is PEM");
  if (settings_.bind == Bind::Simple && !server.is_tls) {
    attempt_->at("starting TLS");
    check(ldap_start_tls_s(library_->handle, nullptr, nullptr), "StartTLS failed");
  }
  attempt_->at("signing in");
  if (settings_.bind == Bind::Simple)
    sign_in_simple();
  else
    sign_in_kerberos();
}

LdapConnection::~LdapConnection() = default;

void LdapConnection::check(int code, const std::string& what) {
  if (code == LDAP_SUCCESS) return;
  const std::string diagnosis = library_->diagnosis();
  std::string text = server_ + ": " + what + ": " + ldap_err2string(code);
  if (!diagnosis.empty()) text += " (" + diagnosis + ")";
  if (attempt_->is_cut()) throw Failure(Code::Unavailable, server_ + ": given up");
  if (code == LDAP_INVALID_CREDENTIALS)
    throw Failure(
        Code::Refused,
        text + "; check the service account: its password or keytab, whether it is locked or disabled");
  if (code == LDAP_STRONG_AUTH_REQUIRED || code == LDAP_CONFIDENTIALITY_REQUIRED)
    throw Failure(Code::Failed, text + "; the server wants TLS or sealing");
  const bool is_lost = code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR || code == LDAP_TIMEOUT;
  // The TLS library does not always say what it holds against a certificate.
  if (is_lost && settings_.bind == Bind::Simple && attempt_->was_connected())
    text +=
        "; the server is there: if it did not end the connection, check that directory.ca_file is the CA of "
        "its certificate, and that the certificate bears the name in directory.servers";
  else if (is_lost)
    text += "; check that the server runs and is reachable";
  throw Failure(is_connection_lost(code) ? Code::Unavailable : Code::Failed, text);
}

void LdapConnection::sign_in_simple() {
  const std::string password = read_password(settings_.password_file);
  berval credentials{password.size(), const_cast<char*>(password.data())};
  check(ldap_sasl_bind_s(library_->handle, settings_.user.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr,
                         nullptr, nullptr),
        "sign-in of the service account failed");
  if (ldap_tls_inplace(library_->handle) == 0)
    throw Failure(Code::Failed, server_ + ": the connection has no TLS after all; nothing was done");
}

void LdapConnection::sign_in_kerberos() {
  library_->credential.emplace(settings_.keytab, settings_.user);
  library_->set(LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
  library_->set(
      LDAP_OPT_X_SASL_SECPROPS,
      static_cast<const void*>(("noplain,noanonymous,minssf=" + std::to_string(least_sealing)).c_str()));
  check(ldap_sasl_interactive_bind_s(library_->handle, nullptr, "GSSAPI", nullptr, nullptr, LDAP_SASL_QUIET,
                                     interact, library_->credential->get()),
        "Kerberos sign-in of the service account failed");
  ber_len_t sealing = 0;
  if (ldap_get_option(library_->handle, LDAP_OPT_X_SASL_SSF, &sealing) != LDAP_OPT_SUCCESS ||
      sealing < least_sealing)
    throw Failure(Code::Failed, server_ + ": the connection is not sealed; nothing was done");
}

std::vector<LdapEntry> LdapConnection::search(const std::string& base, Scope scope, const std::string& filter,
                                              const std::vector<std::string>& attributes, int most) {
  attempt_->at("searching");
  std::vector<char*> names;
  for (const std::string& name : attributes) names.push_back(const_cast<char*>(name.c_str()));
  names.push_back(nullptr);
  timeval time = timeval_of(settings_.timeout);
  LDAPMessage* raw = nullptr;
  const int code = ldap_search_ext_s(library_->handle, base.c_str(), scope_of(scope), filter.c_str(),
                                     names.data(), 0, nullptr, nullptr, &time, most, &raw);
  const std::unique_ptr<LDAPMessage, decltype(&ldap_msgfree)> result(raw, &ldap_msgfree);
  if (code == LDAP_NO_SUCH_OBJECT || code == LDAP_INVALID_DN_SYNTAX) return {};
  if (code != LDAP_SIZELIMIT_EXCEEDED) check(code, "search failed");
  std::vector<LdapEntry> entries;
  append_entries(library_->handle, raw, entries);
  return entries;
}

std::vector<LdapEntry> LdapConnection::search_all(const std::string& base, const std::string& filter,
                                                  const std::vector<std::string>& attributes,
                                                  std::size_t most) {
  using Control = std::unique_ptr<LDAPControl, decltype(&ldap_control_free)>;
  attempt_->at("searching");
  LDAP* const handle = library_->handle;
  std::vector<char*> names;
  for (const std::string& name : attributes) names.push_back(const_cast<char*>(name.c_str()));
  names.push_back(nullptr);
  timeval time = timeval_of(settings_.timeout);
  std::vector<LdapEntry> entries;
  std::string cookie;
  do {
    berval place{cookie.size(), cookie.data()};
    LDAPControl* made = nullptr;
    check(ldap_create_page_control(handle, entries_of_a_page, &place, 1, &made), "no page can be asked for");
    const Control page(made, &ldap_control_free);
    std::array<LDAPControl*, 2> controls{page.get(), nullptr};
    LDAPMessage* raw = nullptr;
    const int code = ldap_search_ext_s(handle, base.c_str(), LDAP_SCOPE_SUBTREE, filter.c_str(), names.data(),
                                       0, controls.data(), nullptr, &time, 0, &raw);
    const std::unique_ptr<LDAPMessage, decltype(&ldap_msgfree)> result(raw, &ldap_msgfree);
    check(code, "search failed");
    append_entries(handle, raw, entries);
    if (entries.size() > most) return entries;
    LDAPControl** answered = nullptr;
    int said = LDAP_SUCCESS;
    check(ldap_parse_result(handle, raw, &said, nullptr, nullptr, nullptr, &answered, 0), "no whole answer");
    const std::unique_ptr<LDAPControl*, decltype(&ldap_controls_free)> all(answered, &ldap_controls_free);
    check(said, "search failed");
    cookie.clear();
    LDAPControl* const next = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, answered, nullptr);
    if (next == nullptr) break;  // a server that has no pages has given it whole
    berval mark{0, nullptr};
    ber_int_t estimate = 0;
    check(ldap_parse_pageresponse_control(handle, next, &estimate, &mark), "no page can be read");
    if (mark.bv_val != nullptr) cookie.assign(mark.bv_val, mark.bv_len);
    ber_memfree(mark.bv_val);
  } while (!cookie.empty());
  return entries;
}

ModifyAnswer LdapConnection::modify(const std::string& dn, const std::vector<Change>& changes) {
  std::vector<berval> values(changes.size());
  std::vector<std::array<berval*, 2>> lists(changes.size());
  std::vector<LDAPMod> mods(changes.size());
  std::vector<LDAPMod*> pointers;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    values[i] = {changes[i].value.size(), const_cast<char*>(changes[i].value.data())};
    lists[i] = {&values[i], nullptr};
    mods[i].mod_op = (changes[i].kind == ChangeKind::Add ? LDAP_MOD_ADD : LDAP_MOD_DELETE) | LDAP_MOD_BVALUES;
    mods[i].mod_type = const_cast<char*>(changes[i].attribute.c_str());
    mods[i].mod_bvalues = lists[i].data();
    pointers.push_back(&mods[i]);
  }
  pointers.push_back(nullptr);
  attempt_->at("changing");
  if (attempt_->is_cut()) throw Failure(Code::Unavailable, server_ + ": given up");
  attempt_->in_doubt(true);
  const int code = ldap_modify_ext_s(library_->handle, dn.c_str(), pointers.data(), nullptr, nullptr);
  if (code != LDAP_SUCCESS && is_connection_lost(code)) check(code, "no answer to a change");
  if (code == LDAP_SUCCESS) return {Modified::Done, {}};  // whoever gives up from now on must know of it
  attempt_->in_doubt(false);
  const std::string text = std::string(ldap_err2string(code));
  switch (code) {
    case LDAP_NO_SUCH_ATTRIBUTE:
      return {Modified::NoSuchValue, text};
    case LDAP_TYPE_OR_VALUE_EXISTS:
    case LDAP_ALREADY_EXISTS:
      return {Modified::AlreadyThere, text};
    case LDAP_INSUFFICIENT_ACCESS:
      return {Modified::NotAllowed, text};
    case LDAP_REFERRAL:  // of a read-only controller
      throw Failure(Code::Unavailable, server_ + " can't change anything; name a controller that can write");
    default:
      return {Modified::Refused, text};
  }
}

std::vector<std::string> LdapConnection::own_sids() {
  std::vector<std::string> sids;
  for (const LdapEntry& root : search("", Scope::Base, "(objectClass=*)", {"tokenGroups"}, 1)) {
    const auto found = root.values.find("tokengroups");
    if (found == root.values.end()) continue;
    for (const std::string& sid : found->second) sids.push_back(sid_text(sid));
  }
  return sids;
}

}  // namespace curfew::windows
