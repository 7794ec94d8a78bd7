#include "core/report/pdf_file.hpp"

#include <fribidi/fribidi.h>
#include <hpdf.h>
#include <hpdf_doc.h>
#include <hpdf_fontdef.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::report {
namespace {

constexpr std::size_t faces = 3;
constexpr std::array<const char*, faces> font_files{"DejaVuSans.ttf", "DejaVuSans-Bold.ttf",
                                                    "DejaVuSansMono.ttf"};
// Where distributions keep them.
constexpr std::array<const char*, 3> font_folders{"/usr/share/fonts/truetype/dejavu",
                                                  "/usr/share/fonts/dejavu", "/usr/share/fonts/TTF"};
constexpr std::size_t beyond = 0x10000;  // libharu knows the basic plane alone
constexpr std::uint16_t not_asked = 0xFFFF;
constexpr char32_t filler = 0xFEFF;  // that fribidi leaves where a ligature took two characters' place

std::string font_file(const char* name) {
  std::error_code error;
  for (const char* folder : font_folders) {
    std::string path = std::string(folder) + "/" + name;
    if (std::filesystem::exists(path, error)) return path;
  }
  throw Error(ErrorKind::Unavailable, std::string("a PDF needs the font ") + name +
                                          ", which is not installed: install the package fonts-dejavu-core "
                                          "(or choose another format)");
}

// Of clean UTF-8.
std::u32string characters_of(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t one = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
      one = (one << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    out += one;
    i += length;
  }
  return out;
}

void append_utf8(std::string& out, char32_t one) {
  if (one < 0x80) {
    out += static_cast<char>(one);
  } else if (one < 0x800) {
    out += static_cast<char>(0xC0U | (one >> 6U));
    out += static_cast<char>(0x80U | (one & 0x3FU));
  } else {
    out += static_cast<char>(0xE0U | (one >> 12U));
    out += static_cast<char>(0x80U | ((one >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (one & 0x3FU));
  }
}

// Marks that reorder, hide or join what is around them: they have no picture, and would change the picture of
// others.
bool is_mark(char32_t one) {
  return one < 0x20 || (one >= 0x7F && one < 0xA0) || one == 0xAD || (one >= 0x200B && one <= 0x200F) ||
         (one >= 0x2028 && one <= 0x202E) || (one >= 0x2060 && one <= 0x206F) || one == filler ||
         (one >= 0xFFF0 && one < 0xFFFD);
}

bool is_from_right(char32_t one) {
  return (one >= 0x0590 && one < 0x0900) || (one >= 0xFB1D && one < 0xFE00) ||
         (one >= 0xFE70 && one < 0xFEFF);
}

}  // namespace

struct PdfFile::State {
  HPDF_Doc document = nullptr;
  std::array<HPDF_Font, faces> fonts{};
  std::array<HPDF_FontDef, faces> definitions{};
  // Thousandths of the size; 0xFFFF: not asked yet.
  mutable std::array<std::vector<std::uint16_t>, faces> widths;
  std::vector<HPDF_Page> sheets;
  std::vector<HPDF_Outline> bookmarks;
  std::uint64_t lacking = 0;

  ~State() {
    if (document != nullptr) HPDF_Free(document);
  }
  void check(const char* what) const {
    const HPDF_STATUS status = HPDF_GetError(document);
    if (status == HPDF_OK) return;
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "0x%04lX", static_cast<unsigned long>(status));
    throw Error(ErrorKind::Internal,
                std::string("the PDF can't be made: libharu says ") + number.data() + " " + what);
  }
  [[nodiscard]] bool has(char32_t one, Face face) const {
    return one < beyond && !is_mark(one) &&
           HPDF_TTFontDef_GetGlyphid(definitions[static_cast<std::size_t>(face)],
                                     static_cast<HPDF_UINT16>(one)) != 0;
  }
  [[nodiscard]] std::uint16_t width_of(char32_t one, Face face) const {
    std::uint16_t& known = widths[static_cast<std::size_t>(face)][one < beyond ? one : 0];
    if (known == not_asked)
      known = static_cast<std::uint16_t>(std::max<int>(
          0,
          HPDF_Font_GetUnicodeWidth(fonts[static_cast<std::size_t>(face)], static_cast<HPDF_UINT16>(one))));
    return known;
  }
  // libharu's sheets grow upwards.
  [[nodiscard]] static HPDF_REAL up(double y) { return static_cast<HPDF_REAL>(height - y); }

  // As it stands on paper: what is written from right to left in that order, with its joined forms.
  [[nodiscard]] std::string visual(std::string_view text, Face face) const {
    std::u32string logical = characters_of(text);
    if (std::none_of(logical.begin(), logical.end(), is_from_right)) return std::string(text);
    std::vector<FriBidiChar> from(logical.begin(), logical.end());
    std::vector<FriBidiChar> to(from.size() + 1);
    FriBidiParType direction = FRIBIDI_PAR_LTR;
    if (fribidi_log2vis(from.data(), static_cast<FriBidiStrIndex>(from.size()), &direction, to.data(),
                        nullptr, nullptr, nullptr) == 0)
      throw Error(ErrorKind::Internal, "the PDF can't be made: fribidi ran out of memory");
    to.pop_back();
    std::string out;
    for (const FriBidiChar one : to) {
      if (one == filler) continue;
      // A joined form that the font lacks would be nothing at all: then the text stays as it was.
      if (!has(one, face)) return std::string(text);
      append_utf8(out, one);
    }
    return out;
  }
};

PdfFile::PdfFile() : state_(std::make_unique<State>()) {
  State& state = *state_;
  std::array<std::string, faces> files;
  for (std::size_t i = 0; i < faces; ++i) files[i] = font_file(font_files[i]);
  state.document = HPDF_New(nullptr, nullptr);
  if (state.document == nullptr)
    throw Error(ErrorKind::Internal, "the PDF can't be made: libharu can't start");
  HPDF_SetCompressionMode(state.document, HPDF_COMP_ALL);
  HPDF_UseUTFEncodings(state.document);
  HPDF_SetCurrentEncoder(state.document, "UTF-8");
  for (std::size_t i = 0; i < faces; ++i) {
    const char* name = HPDF_LoadTTFontFromFile(state.document, files[i].c_str(), HPDF_TRUE);
    if (name == nullptr) state.check(files[i].c_str());
    state.definitions[i] = HPDF_Doc_FindFontDef(state.document, name);
    state.fonts[i] = HPDF_GetFont(state.document, name, "UTF-8");
    state.widths[i].assign(beyond, not_asked);
  }
  state.check("of its fonts");
}

PdfFile::~PdfFile() = default;

void PdfFile::add_sheet() {
  HPDF_Page page = HPDF_AddPage(state_->document);
  state_->check("of another sheet");
  HPDF_Page_SetSize(page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
  state_->sheets.push_back(page);
}

std::size_t PdfFile::sheets() const { return state_->sheets.size(); }
std::uint64_t PdfFile::lacking() const { return state_->lacking; }

std::string PdfFile::shown(std::string_view text, Face face) {
  std::string out;
  const std::string clean = base::to_clean_utf8(text);
  for (const char32_t one : characters_of(clean)) {
    if (one == '\n' || one == '\t' || one == '\r') {
      out += ' ';
    } else if (state_->has(one, face)) {
      append_utf8(out, one);
    } else {
      ++state_->lacking;
      std::array<char, 16> written{};
      std::snprintf(written.data(), written.size(), "[U+%04X]", static_cast<unsigned>(one));
      out += written.data();
    }
  }
  return out;
}

double PdfFile::width_of(std::string_view text, Face face, double size) const {
  std::uint64_t thousandths = 0;
  for (const char32_t one : characters_of(text)) thousandths += state_->width_of(one, face);
  return static_cast<double>(thousandths) * size / 1000;
}

void PdfFile::text(std::size_t sheet, double x, double y, std::string_view text, Face face, double size,
                   double gray) {
  HPDF_Page page = state_->sheets[sheet];
  const std::string drawn = state_->visual(text, face);
  HPDF_Page_SetGrayFill(page, static_cast<HPDF_REAL>(gray));
  HPDF_Page_BeginText(page);
  HPDF_Page_SetFontAndSize(page, state_->fonts[static_cast<std::size_t>(face)], static_cast<HPDF_REAL>(size));
  HPDF_Page_TextOut(page, static_cast<HPDF_REAL>(x), State::up(y), drawn.c_str());
  HPDF_Page_EndText(page);
}

void PdfFile::line(std::size_t sheet, PdfPoint from, PdfPoint to, double thickness, double gray) {
  HPDF_Page page = state_->sheets[sheet];
  HPDF_Page_SetGrayStroke(page, static_cast<HPDF_REAL>(gray));
  HPDF_Page_SetLineWidth(page, static_cast<HPDF_REAL>(thickness));
  HPDF_Page_MoveTo(page, static_cast<HPDF_REAL>(from.x), State::up(from.y));
  HPDF_Page_LineTo(page, static_cast<HPDF_REAL>(to.x), State::up(to.y));
  HPDF_Page_Stroke(page);
}

void PdfFile::frame(std::size_t sheet, const PdfBox& box, Edge edge, double gray) {
  HPDF_Page page = state_->sheets[sheet];
  constexpr std::array<HPDF_UINT16, 2> dashes{3, 2};
  constexpr std::array<HPDF_UINT16, 2> dots{1, 2};
  HPDF_Page_SetGrayStroke(page, static_cast<HPDF_REAL>(gray));
  HPDF_Page_SetLineWidth(page, edge == Edge::Thick ? 1.6F : 0.7F);
  if (edge == Edge::Dashed) HPDF_Page_SetDash(page, dashes.data(), 2, 0);
  if (edge == Edge::Dotted) HPDF_Page_SetDash(page, dots.data(), 2, 0);
  HPDF_Page_Rectangle(page, static_cast<HPDF_REAL>(box.x), State::up(box.y + box.height),
                      static_cast<HPDF_REAL>(box.width), static_cast<HPDF_REAL>(box.height));
  HPDF_Page_Stroke(page);
  HPDF_Page_SetDash(page, nullptr, 0, 0);
}

void PdfFile::fill(std::size_t sheet, const PdfBox& box, double gray) {
  HPDF_Page page = state_->sheets[sheet];
  HPDF_Page_SetGrayFill(page, static_cast<HPDF_REAL>(gray));
  HPDF_Page_Rectangle(page, static_cast<HPDF_REAL>(box.x), State::up(box.y + box.height),
                      static_cast<HPDF_REAL>(box.width), static_cast<HPDF_REAL>(box.height));
  HPDF_Page_Fill(page);
}

void PdfFile::hatch(std::size_t sheet, const PdfBox& box, double distance, bool upright, double gray) {
  const double right = box.x + box.width;
  const double floor = box.y + box.height;
  if (upright) {
    const auto lines = static_cast<int>(box.width / distance + 0.5);
    for (int i = 0; i < lines; ++i) {
      const double x = box.x + distance * (i + 0.5);
      line(sheet, {x, box.y}, {x, floor}, 0.5, gray);
    }
    return;
  }
  // Each begins at the floor or the left edge, and ends at the ceiling or the right edge.
  const auto lines = static_cast<int>(std::ceil((box.width + box.height) / distance)) - 1;
  for (int i = 1; i <= lines; ++i) {
    const double x = box.x - box.height + distance * i;
    const double begin = std::max(x, box.x);
    const double end = std::min(x + box.height, right);
    line(sheet, {begin, floor - (begin - x)}, {end, floor - (end - x)}, 0.5, gray);
  }
}

void PdfFile::area(std::size_t sheet, const std::vector<PdfPoint>& points, double fill_gray,
                   double edge_gray) {
  HPDF_Page page = state_->sheets[sheet];
  HPDF_Page_SetGrayFill(page, static_cast<HPDF_REAL>(fill_gray));
  HPDF_Page_SetGrayStroke(page, static_cast<HPDF_REAL>(edge_gray));
  HPDF_Page_SetLineWidth(page, 0.7F);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto x = static_cast<HPDF_REAL>(points[i].x);
    if (i == 0)
      HPDF_Page_MoveTo(page, x, State::up(points[i].y));
    else
      HPDF_Page_LineTo(page, x, State::up(points[i].y));
  }
  HPDF_Page_ClosePathFillStroke(page);
}

void PdfFile::dot(std::size_t sheet, PdfPoint at, double radius, double gray) {
  HPDF_Page page = state_->sheets[sheet];
  HPDF_Page_SetGrayFill(page, static_cast<HPDF_REAL>(gray));
  HPDF_Page_Circle(page, static_cast<HPDF_REAL>(at.x), State::up(at.y), static_cast<HPDF_REAL>(radius));
  HPDF_Page_Fill(page);
}

void PdfFile::link(std::size_t sheet, const PdfBox& box, std::size_t to_sheet, double to_y) {
  HPDF_Destination destination = HPDF_Page_CreateDestination(state_->sheets[to_sheet]);
  HPDF_Destination_SetFitH(destination, State::up(to_y));
  const HPDF_Rect rectangle{static_cast<HPDF_REAL>(box.x), State::up(box.y + box.height),
                            static_cast<HPDF_REAL>(box.x + box.width), State::up(box.y)};
  HPDF_Annotation annotation = HPDF_Page_CreateLinkAnnot(state_->sheets[sheet], rectangle, destination);
  HPDF_LinkAnnot_SetBorderStyle(annotation, 0, 0, 0);
}

int PdfFile::bookmark(int below, const std::string& title, std::size_t to_sheet, double to_y) {
  HPDF_Outline parent = below < 0 ? nullptr : state_->bookmarks[static_cast<std::size_t>(below)];
  HPDF_Outline outline =
      HPDF_CreateOutline(state_->document, parent, title.c_str(), HPDF_GetEncoder(state_->document, "UTF-8"));
  HPDF_Destination destination = HPDF_Page_CreateDestination(state_->sheets[to_sheet]);
  HPDF_Destination_SetFitH(destination, State::up(to_y));
  HPDF_Outline_SetDestination(outline, destination);
  HPDF_Outline_SetOpened(outline, below < 0 ? HPDF_FALSE : HPDF_TRUE);
  state_->check("of a bookmark");
  state_->bookmarks.push_back(outline);
  return static_cast<int>(state_->bookmarks.size() - 1);
}

std::string PdfFile::take(const PdfInfo& info) {
  State& state = *state_;
  const std::string at = base::format_rfc3339(info.dated);
  const auto part = [&](std::size_t from, std::size_t length) {
    int number = 0;
    for (std::size_t i = from; i < from + length; ++i) number = number * 10 + (at[i] - '0');
    return number;
  };
  const HPDF_Date date{part(0, 4), part(5, 2), part(8, 2), part(11, 2), part(14, 2), part(17, 2), 'Z', 0, 0};
  HPDF_SetInfoAttr(state.document, HPDF_INFO_TITLE, info.title.c_str());
  HPDF_SetInfoAttr(state.document, HPDF_INFO_SUBJECT, info.subject.c_str());
  HPDF_SetInfoAttr(state.document, HPDF_INFO_CREATOR, info.creator.c_str());
  HPDF_SetInfoDateAttr(state.document, HPDF_INFO_CREATION_DATE, date);
  HPDF_SetInfoDateAttr(state.document, HPDF_INFO_MOD_DATE, date);
  HPDF_SetPageMode(state.document, HPDF_PAGE_MODE_USE_OUTLINE);
  state.check("of a sheet");
  HPDF_SaveToStream(state.document);
  state.check("at the end");
  std::string out(HPDF_GetStreamSize(state.document), '\0');
  auto size = static_cast<HPDF_UINT32>(out.size());
  HPDF_ReadFromStream(state.document, reinterpret_cast<HPDF_BYTE*>(out.data()), &size);
  if (size != out.size())
    throw Error(ErrorKind::Internal, "the PDF can't be made: libharu lost a part of it");
  return out;
}

}  // namespace curfew::report
