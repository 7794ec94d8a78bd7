// Walks the tags of XML as Windows writes it.
//
//   XmlTags tags(xml);
//   XmlTag tag; std::string_view text; bool is_cdata = false;
//   while (tags.next(tag, text, is_cdata)) { … }
//
// Knows what event records hold, not XML at large: no DTD, no entities beyond the five and character
// references. Nothing is nested here, so no depth can exhaust anything.
//
// Threads: an object belongs to one thread. Owns: nothing; what it gives are views of the text. Fails: next
// is false at the end, and at what is no XML.
#pragma once

#include <string>
#include <string_view>

namespace curfew::windows {

struct XmlTag {
  std::string_view name;  // without its prefix
  std::string_view attributes;
  bool closes = false;    // </name>
  bool is_empty = false;  // <name/>
};

class XmlTags {
 public:
  explicit XmlTags(std::string_view xml) : rest_(xml) {}
  // The text since the last tag is left in `text`; comments are nothing.
  bool next(XmlTag& tag, std::string_view& text, bool& is_cdata);

 private:
  std::string_view rest_;
};

// As it stands there; empty when there is none.
[[nodiscard]] std::string_view xml_attribute(std::string_view attributes, std::string_view name);
// The text itself when nothing in it is escaped; else decoded into `buffer`.
[[nodiscard]] std::string_view xml_decoded(std::string_view text, std::string& buffer);

}  // namespace curfew::windows
