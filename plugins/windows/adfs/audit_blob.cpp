#include "plugins/windows/adfs/audit_blob.hpp"

#include <array>
#include <string>

#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/xml_tags.hpp"

namespace curfew::windows::adfs {
namespace {

struct Element {
  std::string_view name;
  Field field;
};
constexpr std::array<Element, 9> elements{{
    {"FailureType", Field::FailureType},
    {"ErrorCode", Field::ErrorCode},
    {"RelyingParty", Field::RelyingParty},
    {"PrimaryAuth", Field::PrimaryAuth},
    {"DeviceId", Field::DeviceId},
    {"MfaPerformed", Field::MfaPerformed},
    {"AuthProtocol", Field::AuthProtocol},
    {"UserAgentString", Field::UserAgent},
    {"Endpoint", Field::Endpoint},
}};

// The client's, from the most to the least certain. What a client claims of itself by a header comes behind
// what AD FS found.
constexpr std::array<std::string_view, 3> address_elements{"IpAddress", "ForwardedIpAddress",
                                                           "NetworkIpAddress"};

class Addresses {
 public:
  void take(std::string_view name, std::string_view value) {
    for (std::size_t i = 0; i < address_elements.size(); ++i) {
      if (address_elements[i] == name) found_[i] = first_address(value);
    }
  }
  [[nodiscard]] std::string_view best() const {
    for (const std::string& address : found_) {
      if (!address.empty()) return address;
    }
    return {};
  }

 private:
  std::array<std::string, address_elements.size()> found_;
};

void take(std::string_view name, std::string_view value, WindowsEvent& event) {
  if (name == "UserId") {
    set_person(event, value);
    return;
  }
  for (const Element& element : elements) {
    if (element.name == name) set_text(event, element.field, value);
  }
}

}  // namespace

std::string_view read_audit_blob(std::string_view xml, WindowsEvent& event) {
  if (xml.size() > longest_blob) return "its XML is longer than 64 KiB";
  XmlTags tags(xml);
  XmlTag tag;
  std::string_view text, open;
  std::string buffer;
  bool is_cdata = false;
  std::size_t depth = 0;
  Addresses addresses;
  while (tags.next(tag, text, is_cdata)) {
    if (tag.name.starts_with('?') || tag.name.starts_with('!')) continue;
    if (depth == 0 && (tag.closes || tag.is_empty || tag.name != "AuditBase"))
      return "its XML is no AuditBase";
    if (tag.is_empty) {
      open = {};
      continue;
    }
    if (!tag.closes) {
      if (++depth > deepest_blob) return "its XML is nested too deep";
      open = tag.name;
      continue;
    }
    if (tag.name == open) {
      const std::string_view value = is_cdata ? text : xml_decoded(text, buffer);
      take(tag.name, value, event);
      addresses.take(tag.name, value);
    }
    open = {};
    if (--depth > 0) continue;
    event.set(Field::IpAddress, addresses.best());
    return tag.name == "AuditBase" ? std::string_view{} : "its XML is not well-formed";
  }
  return "its XML ends too early";
}

}  // namespace curfew::windows::adfs
