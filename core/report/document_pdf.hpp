// A document as a PDF file: A4, a page for executives, contents with bookmarks, tables whose heads are
// repeated, pictures as lines, and on each sheet what it is about, what it rests on and which of how many it
// is. Readable without colour: there is none.
//
// The same document makes the same bytes.
//
// Threads: pure functions. Fails: as PdfFile does.
#pragma once

#include <string>

#include "core/report/document.hpp"

namespace curfew::report {

[[nodiscard]] std::string pdf_of(const Document& document);

}  // namespace curfew::report
