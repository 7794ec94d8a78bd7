#include "plugins/oauth/providers/entra/envelope.hpp"

#include "plugins/oauth/providers/entra/diagnostics.hpp"

namespace curfew::oauth::entra {
namespace {

using plugin::Code;
using plugin::Failure;
using simdjson::dom::element;

void take(const element& outer, const std::string& own_client, Envelope& into) {
  ++into.rows;
  Diagnostic one = read_diagnostic(outer, own_client);
  switch (one.fate) {
    case DiagnosticFate::SignIn:
    case DiagnosticFate::Audit:
      into.records.push_back(std::move(one.record));
      return;
    case DiagnosticFate::Other:
      ++into.others;
      return;
    case DiagnosticFate::Unreadable:
      ++into.unreadable;
      return;
  }
}

}  // namespace

Envelope read_envelope(std::string_view body, const std::string& own_client) {
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS)
    throw Failure(Code::Invalid, "no whole JSON: cut or damaged");
  Envelope envelope;
  element records;
  simdjson::dom::array rows;
  if (document.is_object() && document.at_key("records").get(records) != simdjson::SUCCESS) {
    take(document, own_client, envelope);
    return envelope;
  }
  if ((document.is_object() ? records : document).get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Invalid, "neither a record of Azure's diagnostic logs nor a list of them");
  for (const element row : rows) take(row, own_client, envelope);
  return envelope;
}

}  // namespace curfew::oauth::entra
