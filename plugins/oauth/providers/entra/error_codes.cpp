#include "plugins/oauth/providers/entra/error_codes.hpp"

#include <algorithm>
#include <array>

namespace curfew::oauth::entra {
namespace {

struct Known {
  std::int64_t code;
  CodeMeaning meaning;
};

constexpr CodeMeaning interrupt{CodeKind::Interrupt, {}};
constexpr CodeMeaning grant_over{CodeKind::GrantOver, {}};
constexpr CodeMeaning failure(std::string_view what) { return {CodeKind::Failure, what}; }

constexpr CodeMeaning bad_password = failure("bad_password");
constexpr CodeMeaning unknown_user = failure("unknown_user");
constexpr CodeMeaning locked = failure("locked");
constexpr CodeMeaning disabled = failure("account_disabled");
constexpr CodeMeaning second_factor = failure("second_factor_failed");
constexpr CodeMeaning policy = failure("policy");
constexpr CodeMeaning tenant_policy = failure("tenant_policy");
constexpr CodeMeaning not_assigned = failure("not_assigned");
constexpr CodeMeaning device = failure("device");
constexpr CodeMeaning consent = failure("consent");
constexpr CodeMeaning hours = failure("outside_hours");
constexpr CodeMeaning kerberos = failure("seamless_single_sign_on");
constexpr CodeMeaning on_premises = failure("on_premises_agent");
constexpr CodeMeaning federation = failure("federation");

// In order of their codes.
constexpr std::array all{
    Known{0, {CodeKind::Success, {}}},
    Known{16000, interrupt},  // choose an account
    Known{16001, interrupt},
    Known{16003, unknown_user},
    Known{20001, federation},
    Known{20012, federation},
    Known{20033, federation},
    Known{40008, federation},
    Known{40009, federation},
    Known{40010, federation},
    Known{40015, federation},
    Known{50002, tenant_policy},
    Known{50005, policy},
    Known{50020, unknown_user},
    Known{50034, unknown_user},
    Known{50053, locked},
    Known{50055, interrupt},  // right, but the password is over: choose another
    Known{50056, bad_password},
    Known{50057, disabled},
    Known{50058, interrupt},  // nobody is signed in yet
    Known{50059, interrupt},  // nor is it known in which tenant
    Known{50064, bad_password},
    Known{50072, interrupt},  // enroll for a second factor
    Known{50074, interrupt},  // asked for the second factor
    Known{50076, interrupt},
    Known{50078, grant_over},  // the second factor was given too long ago
    Known{50079, interrupt},
    Known{50087, second_factor},
    Known{50088, second_factor},
    Known{50089, grant_over},
    Known{50097, interrupt},  // asked for the device
    Known{50105, not_assigned},
    Known{50125, interrupt},  // register for password reset
    Known{50126, bad_password},
    Known{50127, interrupt},  // install a broker
    Known{50129, interrupt},  // register the device
    Known{50131, policy},
    Known{50132, grant_over},
    Known{50133, grant_over},
    Known{50135, policy},
    Known{50140, interrupt},  // stay signed in?
    Known{50143, interrupt},
    Known{50144, interrupt},  // as 50055, on premises
    Known{50155, device},
    Known{50158, interrupt},  // an external challenge
    Known{50168, interrupt},  // the browser's extension
    Known{50173, grant_over},
    Known{50187, device},
    Known{50197, unknown_user},
    Known{50199, interrupt},  // is it this application?
    Known{51004, unknown_user},
    Known{51006, interrupt},  // asked for integrated Windows authentication
    Known{52004, interrupt},
    Known{53000, policy},
    Known{53001, policy},
    Known{53002, policy},
    Known{53003, policy},
    Known{53004, policy},
    Known{53010, policy},
    Known{53011, policy},
    Known{65001, interrupt},  // asked for consent
    Known{65004, consent},
    Known{70008, grant_over},
    Known{70016, interrupt},  // a device code that nobody has entered yet
    Known{70043, grant_over},
    Known{80001, on_premises},
    Known{80002, on_premises},
    Known{80005, on_premises},
    Known{80007, on_premises},
    Known{80010, on_premises},
    Known{80012, hours},
    Known{80013, on_premises},
    Known{80014, on_premises},
    Known{81004, kerberos},
    Known{81005, kerberos},
    Known{81006, kerberos},
    Known{81007, kerberos},
    Known{81009, kerberos},
    Known{81010, kerberos},
    Known{81011, kerberos},
    Known{81012, kerberos},
    Known{90072, unknown_user},
    Known{90094, consent},
    Known{90095, interrupt},  // asked to ask for consent
    Known{130007, device},
    Known{130008, device},
    Known{135011, device},
    Known{160021, interrupt},
    Known{500021, tenant_policy},
    Known{500022, tenant_policy},
    Known{500121, second_factor},
    Known{500212, tenant_policy},
    Known{500213, tenant_policy},
    Known{530032, policy},
    Known{530034, policy},
    Known{530035, policy},
    Known{700082, grant_over},
    Known{700084, grant_over},
};

constexpr bool before(const Known& a, const Known& b) { return a.code < b.code; }
static_assert(std::is_sorted(all.begin(), all.end(), before));

}  // namespace

CodeMeaning meaning_of(std::int64_t code) {
  const auto* const found = std::lower_bound(all.data(), all.data() + all.size(), Known{code, {}}, before);
  return found != all.data() + all.size() && found->code == code ? found->meaning : CodeMeaning{};
}

std::string failure_text(std::int64_t code) {
  return std::string(meaning_of(code).what) + ":" + std::to_string(code);
}

}  // namespace curfew::oauth::entra
