// A report as a document: sections of blocks, without a word on how they look. Made once of the report
// (compliance_document.hpp); HTML and PDF are two renderers of it, so they can't tell different things.
//
//   Document document = compliance_document(report, {});
//   std::string page = html_of(document);                 // document_html.hpp
//   std::string file = pdf_of(document);                  // document_pdf.hpp
//
// Threads: values. Owns: its texts. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/report/charts.hpp"
#include "core/report/control_result.hpp"

namespace curfew::report {

enum class Style : std::uint8_t {
  Plain,
  Strong,
  Emphasis,
  Code,
  Foreign,  // somebody else chose it: what it holds can't reorder what stands beside it
};

struct Span {
  std::string text;
  Style style = Style::Plain;
  std::string target;  // id of a section or control of this document; empty: no link
};
using Text = std::vector<Span>;

[[nodiscard]] inline Span plain(std::string text) { return {std::move(text), Style::Plain, {}}; }
[[nodiscard]] inline Span strong(std::string text) { return {std::move(text), Style::Strong, {}}; }
[[nodiscard]] inline Span emphasis(std::string text) { return {std::move(text), Style::Emphasis, {}}; }
[[nodiscard]] inline Span code(std::string text) { return {std::move(text), Style::Code, {}}; }
[[nodiscard]] inline Span foreign_span(std::string text) { return {std::move(text), Style::Foreign, {}}; }
[[nodiscard]] inline Span link(std::string text, std::string target) {
  return {std::move(text), Style::Plain, std::move(target)};
}

struct Heading {
  Text text;  // below its section's title
};

struct Paragraph {
  enum class Tone : std::uint8_t { Plain, Note, None };  // None: there is nothing to show
  Text text;
  Tone tone = Tone::Plain;
};

struct List {
  std::vector<Text> items;
};

// Terms and what belongs to them; one of several lines has several texts.
struct Terms {
  struct Term {
    std::string name;
    std::vector<Text> lines;
  };
  std::vector<Term> terms;
};

// Parts of a whole, drawn beside its numbers.
struct Shares {
  struct Part {
    std::string kind;
    std::uint64_t permille = 0;
  };
  std::vector<Part> parts;
};

struct Table {
  struct Column {
    std::string title;
    bool is_number = false;
    bool is_time = false;
  };
  struct Cell {
    Text text;
    Shares shares;
    bool is_shares = false;
  };
  std::string caption;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  bool first_is_header = false;  // the first cell says what its row is about
  bool is_tight = false;         // many columns
};

// Something to be kept as it is, line by line.
struct Literal {
  std::string text;
};

// How often each result came up.
struct Tiles {
  std::vector<std::pair<Result, std::uint64_t>> tiles;
};

struct TimeChart {
  std::vector<SessionStatistics::Level> levels;
  Measure measure = Measure::LivedIn;
  Duration step{0};
};

struct BarChart {
  std::vector<Bar> bars;
  std::string what;
};

// One control with its result.
struct ControlBlock {
  std::string anchor;
  std::string id;
  std::string title;
  Result result = Result::NoData;
  std::string requirement;
  std::vector<std::string> because;
  Terms terms;
  Table exceptions;  // none: without rows
  std::vector<Paragraph> notes;
};

using Block =
    std::variant<Heading, Paragraph, List, Terms, Table, Literal, Tiles, TimeChart, BarChart, ControlBlock>;

struct Section {
  std::string id;
  std::string title;
  bool is_framework = false;
  std::string short_title;  // in a list of where to go; empty: not listed there
  std::vector<Block> blocks;
};

struct Document {
  std::string kind;     // "Compliance report on sessions"
  std::string title;    // of the first page
  std::string subject;  // "Compliance report on sessions 2026-11-01 to 2026-12-01"
  Text subtitle;        // period, scope, and what made it
  std::vector<Block> summary;
  std::vector<Section> sections;
  std::string running;   // in few words, on every sheet: what it is about
  std::string rests_on;  // in few words, on every sheet: the ledger's checkpoint
  Time dated{};          // of what it rests on
  std::string producer;  // "Curfew 0.1.0"
};

}  // namespace curfew::report
