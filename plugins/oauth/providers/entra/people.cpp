#include "plugins/oauth/providers/entra/people.hpp"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plugins/oauth/providers/entra/log_row.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::entra {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

const char* const read_permission = "User.Read.All (part of Directory.Read.All)";
const char* const revoke_permission = "User.RevokeSessions.All";
const char* const account_permission = "User.EnableDisableAccount.All and User.Read.All";
const char* const group_permission = "GroupMember.ReadWrite.All";
const char* const licence_permission = "LicenseAssignment.ReadWrite.All";
constexpr std::size_t most_plans = 500;  // of a licence; Entra's largest have about a hundred

std::string user_path(const std::string& user) { return "/v1.0/users/" + web::percent_encoded(user); }

// A 404 of Graph itself, about the thing that was asked for: a proxy's says nothing.
bool is_no_such_thing(const GraphReply& reply, const GraphApi& api) {
  if (reply.status != 404) return false;
  if (reply.code != "Request_ResourceNotFound" && reply.code != "ResourceNotFound")
    throw Failure(Code::Unavailable,
                  api.where() + " answered 404, and it is not Graph that says that there is no such person");
  return true;
}

[[noreturn]] void unreadable(const GraphApi& api, const char* what) {
  throw Failure(Code::Unavailable, api.where() + ": Graph's answer about " + what + " is no whole JSON");
}

}  // namespace

Person People::find(const std::string& user, Time deadline) {
  const GraphReply reply = api_.ask(
      {.path = user_path(user) +
               "?$select=id,accountEnabled,userType,userPrincipalName,signInSessionsValidFromDateTime",
       .what = "an account",
       .permission = read_permission,
       .also = {404}},
      deadline);
  Person person{
      .exists = false, .is_external = false, .enabled = false, .valid_from = {}, .asked_at = reply.date};
  if (is_no_such_thing(reply, api_)) return person;
  simdjson::dom::parser parser;
  element document;
  std::string_view id, name, type;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
      document.at_key("id").get_string().get(id) != simdjson::SUCCESS ||
      document.at_key("userPrincipalName").get_string().get(name) != simdjson::SUCCESS ||
      document.at_key("accountEnabled").get_bool().get(person.enabled) != simdjson::SUCCESS)
    unreadable(api_, "an account");
  person.exists = true;
  // Of accounts from before there were types it says none: they are members.
  const bool says_type = document.at_key("userType").get_string().get(type) == simdjson::SUCCESS;
  person.is_external = (says_type && type == "Guest") || name.find("#EXT#") != std::string_view::npos ||
                       name.find("#ext#") != std::string_view::npos;
  element valid_from;
  if (document.at_key("signInSessionsValidFromDateTime").get(valid_from) != simdjson::SUCCESS ||
      valid_from.is_null())
    return person;
  std::string_view text;
  if (valid_from.get_string().get(text) == simdjson::SUCCESS) person.valid_from = iso_time(text);
  if (!person.valid_from) unreadable(api_, "since when a person's tokens count");
  return person;
}

bool People::revoke(const std::string& user, Time deadline) {
  const GraphReply reply = api_.ask({.method = "POST",
                                     .path = user_path(user) + "/revokeSignInSessions",
                                     .what = "the end of a person's sessions",
                                     .permission = revoke_permission,
                                     .also = {404}},
                                    deadline);
  if (is_no_such_thing(reply, api_)) return false;
  simdjson::dom::parser parser;
  bool done = true;
  // A 204 says no more; what says false has done nothing.
  if (parser.parse(reply.body).at_key("value").get_bool().get(done) == simdjson::SUCCESS && !done)
    throw Failure(Code::Failed, api_.where() + ": Graph says that it ended no sessions of the person");
  return true;
}

Switch People::account(const std::string& user, Time deadline) {
  const auto look = [this, &user, deadline] {
    const Person person = find(user, deadline);
    return !person.exists ? Switched::Absent : person.enabled ? Switched::On : Switched::Off;
  };
  const auto set = [this, &user, deadline](bool on, const std::string&) {
    // Nothing else of the account is sent, so nothing else is changed.
    const GraphReply reply =
        api_.ask({.method = "PATCH",
                  .path = user_path(user),
                  .body = on ? R"({"accountEnabled":true})" : R"({"accountEnabled":false})",
                  .what = "a change of an account",
                  .permission = account_permission,
                  .also = {404}},
                 deadline);
    if (is_no_such_thing(reply, api_)) return Switched::Absent;
    return on ? Switched::On : Switched::Off;
  };
  return {.look = look, .set = set, .off = "the account is disabled", .on = "the account is enabled again"};
}

Switched People::look_at_membership(const std::string& user, const std::string& group, Time deadline) {
  const GraphReply reply = api_.ask({.method = "POST",
                                     .path = user_path(user) + "/checkMemberGroups",
                                     .body = nlohmann::json{{"groupIds", {group}}}.dump(),
                                     .what = "a person's groups",
                                     .permission = group_permission,
                                     .also = {404}},
                                    deadline);
  if (is_no_such_thing(reply, api_)) return Switched::Absent;
  simdjson::dom::parser parser;
  simdjson::dom::array groups;
  if (parser.parse(reply.body).at_key("value").get_array().get(groups) != simdjson::SUCCESS)
    unreadable(api_, "a person's groups");
  for (const element one : groups) {
    std::string_view id;
    if (one.get_string().get(id) == simdjson::SUCCESS && id == group) return Switched::On;
  }
  return Switched::Off;
}

Switch People::membership(const std::string& user, const std::string& group, Time deadline) {
  const auto look = [this, &user, &group, deadline] { return look_at_membership(user, group, deadline); };
  const std::string members = "/v1.0/groups/" + web::percent_encoded(group) + "/members/";
  const auto set = [this, &user, &group, members, deadline](bool on, const std::string&) {
    if (!on) {
      const GraphReply reply = api_.ask({.method = "DELETE",
                                         .path = members + web::percent_encoded(user) + "/$ref",
                                         .what = "the end of a membership",
                                         .permission = group_permission,
                                         .also = {404}},
                                        deadline);
      // No member itself (any more): by another group, or an answer was lost and this was the second call.
      return is_no_such_thing(reply, api_) ? look_at_membership(user, group, deadline) : Switched::Off;
    }
    const std::string body =
        nlohmann::json{{"@odata.id", api_.url() + "/v1.0/directoryObjects/" + user}}.dump();
    const GraphReply reply = api_.ask({.method = "POST",
                                       .path = members + "$ref",
                                       .body = body,
                                       .what = "a membership",
                                       .permission = group_permission,
                                       .also = {400, 404}},
                                      deadline);
    if (is_no_such_thing(reply, api_)) return Switched::Absent;
    // 400 is also the answer to who is one already, as after a call whose answer was lost.
    return reply.status == 400 ? look_at_membership(user, group, deadline) : Switched::On;
  };
  return {.look = look,
          .set = set,
          .off = "the person is out of the group of suspend_access",
          .on = "the person is in the group of suspend_access again"};
}

People::Licence People::look_at_licence(const std::string& user, const std::string& sku, Time deadline) {
  const GraphReply reply =
      api_.ask({.path = user_path(user) + "?$select=id,assignedLicenses,licenseAssignmentStates",
                .what = "a person's licences",
                .permission = read_permission,
                .also = {404}},
               deadline);
  Licence licence;
  if (is_no_such_thing(reply, api_)) return licence;
  licence.has_person = true;
  simdjson::dom::parser parser;
  element document;
  simdjson::dom::array assigned, states;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
      document.at_key("assignedLicenses").get_array().get(assigned) != simdjson::SUCCESS ||
      document.at_key("licenseAssignmentStates").get_array().get(states) != simdjson::SUCCESS)
    unreadable(api_, "a person's licences");
  const auto is_it = [&](const element& one) {
    std::string_view id;
    return one.at_key("skuId").get_string().get(id) == simdjson::SUCCESS && lowered(id) == lowered(sku);
  };
  for (const element one : assigned) licence.is_there = licence.is_there || is_it(one);
  for (const element one : states) {
    if (!is_it(one)) continue;
    element group;
    const bool by_group = one.at_key("assignedByGroup").get(group) == simdjson::SUCCESS && !group.is_null();
    (by_group ? licence.is_by_group : licence.is_direct) = true;
    simdjson::dom::array plans;
    if (by_group) continue;
    if (one.at_key("disabledPlans").get_array().get(plans) != simdjson::SUCCESS || plans.size() > most_plans)
      unreadable(api_, "a licence's plans");
    for (const element plan : plans) {
      std::string_view id;
      if (plan.get_string().get(id) != simdjson::SUCCESS || !is_object_id(id))
        unreadable(api_, "a licence's plans");
      licence.disabled_plans.emplace_back(id);
    }
  }
  return licence;
}

Switch People::licence(const std::string& user, const std::string& sku, Time deadline) {
  const auto look = [this, &user, &sku, deadline] {
    const Licence is = look_at_licence(user, sku, deadline);
    return !is.has_person ? Switched::Absent : is.is_there ? Switched::On : Switched::Off;
  };
  const auto keep = [this, &user, &sku, deadline] {
    const Licence is = look_at_licence(user, sku, deadline);
    if (is.is_by_group)
      throw Failure(Code::Refused,
                    "the licence comes to the person through a group: Entra takes it from nobody by "
                    "themselves. Let suspend_access leave that group instead (entra.suspend_access.group)");
    if (!is.is_direct)
      throw Failure(
          Code::Unavailable,
          api_.where() + ": Graph does not say how the person has the licence; nothing was changed");
    return nlohmann::json(is.disabled_plans).dump();
  };
  const auto set = [this, &user, &sku, look, deadline](bool on, const std::string& kept) {
    nlohmann::json change{{"addLicenses", nlohmann::json::array()},
                          {"removeLicenses", nlohmann::json::array()}};
    if (on) {
      nlohmann::json plans = nlohmann::json::parse(kept, nullptr, false);
      if (!plans.is_array())
        throw Failure(Code::Failed,
                      "the journal does not say which plans of the licence were switched off: "
                      "give it back by hand");
      change["addLicenses"].push_back({{"skuId", sku}, {"disabledPlans", std::move(plans)}});
    } else {
      change["removeLicenses"].push_back(sku);
    }
    const GraphReply reply = api_.ask({.method = "POST",
                                       .path = user_path(user) + "/assignLicense",
                                       .body = change.dump(),
                                       .what = "a change of a person's licences",
                                       .permission = licence_permission,
                                       .also = {400, 404}},
                                      deadline);
    if (is_no_such_thing(reply, api_)) return Switched::Absent;
    if (reply.status != 400) return on ? Switched::On : Switched::Off;
    // Also the answer when it is so already, as after a call whose answer was lost.
    const Switched is = look();
    if (on && is == Switched::Off)
      throw Failure(Code::Failed, api_.where() + ": Entra does not give the licence back (400" +
                                      (reply.code.empty() ? "" : ", " + reply.code) +
                                      "): is one of them free, and has the person a usage location? The "
                                      "journal keeps what was taken");
    return is;
  };
  return {.look = look,
          .set = set,
          .keep = keep,
          .off = "the person is without the licence of suspend_access",
          .on = "the person has the licence of suspend_access again, with its plans as they were"};
}

}  // namespace curfew::oauth::entra
