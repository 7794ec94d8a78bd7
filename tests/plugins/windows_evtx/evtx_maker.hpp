// Makes EVTX files with templates, value by value, whole or damaged.
//
//   ChunkMaker chunk(1);
//   const auto definition = security_template({"TargetUserName"});
//   chunk.add(definition, {utf16("alice")});
//   const std::string file = file_of({chunk.finish()});
//
// From the format's public description (Joachim Metz, "Windows XML Event Log (EVTX) format";
// [MS-EVEN6] 2.2.12).
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace curfew::windows::made {

template <typename T>
std::string number(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
inline std::string u16(std::uint64_t value) { return number(static_cast<std::uint16_t>(value)); }
inline std::string u32(std::uint64_t value) { return number(static_cast<std::uint32_t>(value)); }
inline std::string u64(std::uint64_t value) { return number(value); }
inline std::string utf16(std::u16string_view text) {
  return {reinterpret_cast<const char*>(text.data()), text.size() * 2};
}
inline std::string utf16(std::string_view ascii) {
  std::string bytes;
  for (const char c : ascii) bytes += std::string{c, '\0'};
  return bytes;
}
inline void put(std::string& bytes, std::size_t at, const std::string& what) {
  bytes.replace(at, what.size(), what);
}

struct Typed {
  std::uint8_t type;
  std::string bytes;
};

// Writes binary XML; `base` is where its first byte lies in the chunk.
class Xml {
 public:
  explicit Xml(std::size_t base) : base_(base) {}
  Xml& raw(std::string_view bytes) {
    out += bytes;
    return *this;
  }
  Xml& byte(unsigned value) {
    out += static_cast<char>(value);
    return *this;
  }
  Xml& header() { return raw({"\x0f\x01\x01\0", 4}); }
  Xml& name(std::string_view text) {
    const std::size_t at = base_ + out.size() + 4;
    return raw(u32(at)).raw(u32(0)).raw(u16(0)).raw(u16(text.size())).raw(utf16(text)).raw({"\0\0", 2});
  }
  Xml& open(std::string_view element, bool has_attributes = false, bool has_dependency = true) {
    byte(has_attributes ? 0x41 : 0x01);
    if (has_dependency) raw(u16(0xFFFF));
    elements_.push_back(out.size());
    raw(u32(0)).name(element);
    list_ = has_attributes ? out.size() : 0;
    return has_attributes ? raw(u32(0)) : *this;
  }
  Xml& attribute(std::string_view key, bool more = false) { return byte(more ? 0x46 : 0x06).name(key); }
  Xml& text(const std::string& bytes, bool more = false) {
    return byte(more ? 0x45 : 0x05).byte(1).raw(u16(bytes.size() / 2)).raw(bytes);
  }
  Xml& value(unsigned index, unsigned type = 1) { return byte(0x0d).raw(u16(index)).byte(type); }
  Xml& optional(unsigned index, unsigned type = 1) { return byte(0x0e).raw(u16(index)).byte(type); }
  Xml& start() { return close_list().byte(0x02); }
  Xml& empty() { return close_list().byte(0x03).close_element(); }
  Xml& end() { return byte(0x04).close_element(); }
  [[nodiscard]] std::size_t at() const { return base_ + out.size(); }

  std::string out;

 private:
  Xml& close_list() {
    if (list_ != 0) put(out, list_, u32(out.size() - list_ - 4));
    list_ = 0;
    return *this;
  }
  Xml& close_element() {
    if (elements_.empty()) return *this;  // damaged on purpose
    put(out, elements_.back(), u32(out.size() - elements_.back() - 4));
    elements_.pop_back();
    return *this;
  }

  std::size_t base_;
  std::size_t list_ = 0;
  std::vector<std::size_t> elements_;  // where their sizes stand
};

// A template instance with its definition in it; `body` writes the definition's element. Returns where the
// definition lies, for others to refer to.
inline std::size_t instance(Xml& xml, const std::function<void(Xml&)>& body, const std::vector<Typed>& values,
                            std::size_t definition = 0) {
  xml.raw({"\x0c\x01", 2}).raw(u32(7));
  if (definition == 0) {
    definition = xml.at() + 4;
    xml.raw(u32(definition)).raw(u32(0)).raw(u32(7) + std::string(12, 'g'));
    const std::size_t size_at = xml.out.size();
    xml.raw(u32(0)).header();
    body(xml);
    xml.byte(0);
    put(xml.out, size_at, u32(xml.out.size() - size_at - 4));
  } else {
    xml.raw(u32(definition));
  }
  xml.raw(u32(values.size()));
  for (const Typed& value : values) xml.raw(u16(value.bytes.size())).byte(value.type).byte(0);
  for (const Typed& value : values) xml.raw(value.bytes);
  return definition;
}

inline constexpr std::uint64_t filetime_2026 = 134'081'568'000'000'000;

// <System> with its values at 0 (id) to 3, then whatever `more` writes.
inline void event(Xml& xml, const std::function<void(Xml&)>& more, std::string_view provider = "P") {
  xml.open("Event").start().open("System").start();
  xml.open("Provider", true).attribute("Name").text(utf16(provider)).empty();
  xml.open("EventID").start().value(0, 6).end();
  xml.open("TimeCreated", true).attribute("SystemTime").value(1, 0x11).empty();
  xml.open("EventRecordID").start().value(2, 10).end();
  xml.open("Channel").start().text(utf16("Security")).end();
  xml.open("Computer").start().value(3).end();
  xml.end();
  more(xml);
  xml.end();
}
inline std::vector<Typed> system_values(std::uint64_t record, unsigned id = 4624) {
  return {{6, u16(id)}, {0x11, u64(filetime_2026)}, {10, u64(record)}, {1, utf16("WS01")}};
}
inline std::vector<Typed> with_system(std::uint64_t record, const std::vector<Typed>& more,
                                      unsigned id = 4624) {
  std::vector<Typed> values = system_values(record, id);
  values.insert(values.end(), more.begin(), more.end());
  return values;
}

class ChunkMaker {
 public:
  explicit ChunkMaker(std::uint64_t first = 1) : first_(first), next_(first) {}

  // Where the next record's binary XML will begin.
  [[nodiscard]] std::size_t next_at() const { return 512 + body_.size() + 24; }
  void add(const std::string& binary_xml) {
    last_at_ = 512 + body_.size();
    const std::size_t size = 24 + binary_xml.size() + 4;
    const std::size_t padding = (8 - size % 8) % 8;
    body_ += std::string("**\0\0", 4) + u32(size + padding) + u64(next_++) + u64(filetime_2026) + binary_xml +
             std::string(padding, '\0') + u32(size + padding);
  }
  // An event whose <EventData> or other content `more` writes, with values 4 and on.
  void add_event(const std::function<void(Xml&)>& more, const std::vector<Typed>& values,
                 std::string_view provider = "P", unsigned id = 4624) {
    Xml xml(next_at());
    xml.header();
    instance(
        xml, [&](Xml& body) { event(body, more, provider); }, with_system(next_, values, id));
    add(xml.byte(0).out);
  }
  void add_data(const std::vector<std::pair<std::string, Typed>>& data, bool is_optional = true) {
    std::vector<Typed> values;
    for (const auto& [name, value] : data) values.push_back(value);
    add_event(
        [&](Xml& xml) {
          xml.open("EventData").start();
          unsigned index = 4;
          for (const auto& [name, value] : data) {
            xml.open("Data", true).attribute("Name").text(utf16(name)).start();
            if (is_optional) {
              xml.optional(index++, value.type);
            } else {
              xml.value(index++, value.type);
            }
            xml.end();
          }
          xml.end();
        },
        values);
  }
  [[nodiscard]] std::string finish() const {
    std::string head(512, '\0');
    put(head, 0,
        std::string("ElfChnk\0", 8) + u64(first_) + u64(next_ - 1) + u64(first_) + u64(next_ - 1) + u32(128) +
            u32(last_at_) + u32(512 + body_.size()) + u32(crc(body_)));
    put(head, 124, u32(crc(head.substr(0, 120) + head.substr(128, 384))));
    std::string whole = head + body_;
    whole.resize(65536, '\0');
    return whole;
  }
  static std::uint32_t crc(const std::string& bytes) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  }

 private:
  std::uint64_t first_, next_;
  std::size_t last_at_ = 512;
  std::string body_;
};

inline std::string file_of(const std::vector<std::string>& chunks, std::uint64_t flags = 0) {
  std::string head(4096, '\0');
  put(head, 0,
      std::string("ElfFile\0", 8) + u64(0) + u64(chunks.size() - 1) + u64(1000) + u32(128) + u16(1) + u16(3) +
          u16(4096) + u16(chunks.size()));
  put(head, 120, u32(flags));
  put(head, 124, u32(ChunkMaker::crc(head.substr(0, 120))));
  for (const std::string& chunk : chunks) head += chunk;
  return head;
}

}  // namespace curfew::windows::made
