#include "plugins/windows/adfs/requests.hpp"

#include <algorithm>

#include "plugins/windows/text.hpp"

namespace curfew::windows::adfs {
namespace {

void fill(std::string& known, std::string_view told) {
  if (known.empty()) known = told;
}

}  // namespace

void Request::learn(const WindowsEvent& event) {
  const Kind kind = kind_of(event);
  if (kind == Kind::Damaged) return;
  last = std::max(last, event.time);
  // Of a refused one it is what was typed; of issued claims (500) what the relying party is told.
  const bool names_person = kind == Kind::TokenIssued || kind == Kind::CredentialsAccepted ||
                            (kind == Kind::Detail && event.event_id != 500);
  if (const Account told = person_of(event); names_person && !is_another(person, told)) {
    fill(person.sid, told.sid);
    fill(person.upn, told.upn);
    if (person.name.empty()) {
      person.name = told.name;
      person.domain = told.domain;
    }
  }
  fill(address, event.get(Field::IpAddress));
  fill(user_agent, event.get(Field::UserAgent));
  fill(device, event.get(Field::DeviceId));
  if (kind != Kind::RefusalDetail) fill(primary, event.get(Field::PrimaryAuth));
  if (kind == Kind::RefusalDetail) words = event.get(Field::ErrorCode);
  is_persistent = is_persistent || event.get(Field::PersistentSso) == "true";
  has_two_factors = has_two_factors || equal_ignoring_case(event.get(Field::MfaPerformed), "true");
  has_fresh_credentials = has_fresh_credentials || kind == Kind::CredentialsAccepted;
  has_token = has_token || kind == Kind::TokenIssued;
  has_refusal = has_refusal || kind == Kind::Refused;
}

std::string Requests::id_of(const WindowsEvent& event) {
  std::string activity(event.get(Field::ActivityId));
  const std::string instance(event.get(Field::InstanceId));
  if (activity.empty()) {
    const auto known = by_instance_.find(instance);
    // Details may come before what they are of.
    return known != by_instance_.end() ? known->second : instance;
  }
  if (!instance.empty() && by_instance_.emplace(instance, activity).second)
    instances_.emplace_back(event.time, instance);
  return activity;
}

Request& Requests::of(const WindowsEvent& event) {
  const std::string id = id_of(event);
  if (id.empty()) return alone_ = Request{};
  const auto [place, is_new] = requests_.try_emplace(id);
  if (is_new) order_.emplace_back(event.time, id);
  place->second.last = std::max(place->second.last, event.time);
  return place->second;
}

void Requests::forget_before(Time time) {
  while (!order_.empty() && (order_.front().first < time || requests_.size() > most)) {
    const auto found = requests_.find(order_.front().second);
    if (found->second.last < time || requests_.size() > most) {
      requests_.erase(found);
    } else {
      order_.emplace_back(found->second.last, found->first);  // used since
    }
    order_.pop_front();
  }
  while (!instances_.empty() && (instances_.front().first < time || by_instance_.size() > most)) {
    by_instance_.erase(instances_.front().second);
    instances_.pop_front();
  }
}

}  // namespace curfew::windows::adfs
