// Text input in pieces: lines of JSON, one JSON document, or XML, in UTF-8 or UTF-16.
//
//   TextReader reader(sink, Format::Json, {});
//   reader.feed(piece); …; reader.finish();
//
// Whether JSON is lines or one document is told by the first line: a complete value means lines.
// Threads: an object belongs to one thread. Owns: what is not complete yet. Fails: to the sink.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/files/line_reader.hpp"
#include "plugins/windows/event.hpp"
#include "plugins/windows/input.hpp"
#include "plugins/windows/json_reader.hpp"
#include "plugins/windows/smb/full_audit_reader.hpp"
#include "plugins/windows/xml_reader.hpp"

namespace curfew::windows {

struct TextLimits {
  std::size_t line_bytes = std::size_t{8} << 20U;
  std::uint64_t document_bytes = std::uint64_t{4} << 30U;
};

class TextReader {
 public:
  TextReader(RecordSink& sink, Format format, TextLimits limits);
  void feed(std::string_view bytes);
  void finish();
  // Bytes of whole lines or events taken so far: where reading goes on after a restart.
  [[nodiscard]] std::uint64_t taken() const { return kind_ == Kind::Xml ? xml_.taken() : lines_.taken(); }
  // Can't be read in pieces: one JSON document, or not UTF-8.
  [[nodiscard]] bool is_document() const {
    return kind_ == Kind::Document || encoding_ == Encoding::Utf16Little || encoding_ == Encoding::Utf16Big;
  }

 private:
  enum class Kind : std::uint8_t { Undecided, Lines, Document, Xml };
  enum class Encoding : std::uint8_t { Undecided, Utf8, Utf16Little, Utf16Big };

  void feed_utf8(std::string_view bytes);
  void take_line(std::string_view line, std::uint64_t number);

  RecordSink& sink_;
  TextLimits limits_;
  Kind kind_;
  Encoding encoding_ = Encoding::Undecided;
  std::string odd_;      // bytes of an incomplete UTF-16 unit
  std::string pending_;  // of what is undecided, or of the document
  bool is_too_long_ = false;
  files::LineReader lines_;
  JsonEvents json_;
  FullAuditReader full_audit_;
  XmlEventSplitter xml_;
};

}  // namespace curfew::windows
