// What an entry of the ledger is in each format.
#include "core/outlet/export_formats.hpp"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <fstream>
#include <set>

#include "core/base/text.hpp"
#include "tests/unit/outlet/export_samples.hpp"

namespace curfew::outlet {
namespace {

using model::EntryKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string as(ExportFormat format, const ledger::SealedEntry& sealed, const ExportNames& names = {}) {
  EventReader reader;
  return render(format, reader.read(sample_stream, sealed), names);
}

// The CEF of one line, read back by the rules alone: header fields, then key=value with their escapes.
struct Cef {
  std::vector<std::string> header;
  std::map<std::string, std::string> fields;
};
Cef read_cef(const std::string& line) {
  Cef cef;
  std::size_t at = 0;
  cef.header.emplace_back();
  for (; at < line.size() && cef.header.size() < 8; ++at) {
    if (line[at] == '\\')
      cef.header.back() += line.at(++at);
    else if (line[at] == '|')
      cef.header.emplace_back();
    else
      cef.header.back() += line[at];
  }
  std::string key;
  std::string word;  // what may turn out to be a key
  std::string* value = nullptr;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (c == '\\') {
      const char escaped = line.at(++at);
      word += escaped == 'n' ? '\n' : escaped == 'r' ? '\r' : escaped;
    } else if (c == '=') {
      const std::size_t blank = word.rfind(' ');
      if (value != nullptr) *value += word.substr(0, blank);
      EXPECT_TRUE(value == nullptr || blank != std::string::npos) << line;
      key = blank == std::string::npos ? word : word.substr(blank + 1);
      EXPECT_FALSE(cef.fields.contains(key)) << "twice: " << key;
      value = &cef.fields[key];
      word.clear();
    } else {
      word += c;
    }
  }
  if (value != nullptr) *value += word;
  return cef;
}

TEST(ExportTable, EveryKindOfEntryAndEveryObservationHasARow) {
  std::set<std::string> names;
  for (const ExportRow& row : export_rows()) EXPECT_TRUE(names.insert(name_of(row)).second) << name_of(row);
  for (std::size_t i = 0; i < model::Names<EntryKind>::all.size(); ++i) {
    const auto kind = static_cast<EntryKind>(i);
    EXPECT_EQ(export_row(kind, "").kind, kind) << model::name_of(kind) << " has no row in export_table.cpp";
  }
  for (const std::string_view type : model::Names<model::ObservationType>::all)
    EXPECT_EQ(export_row(EntryKind::Observation, type).variant, type) << type << " has no row";
}

TEST(ExportTable, TheSamplesMeetEveryRow) {
  std::set<std::string> met;
  EventReader reader;
  for (const ledger::SealedEntry& sealed : export_samples())
    met.insert(name_of(*reader.read(sample_stream, sealed).row));
  for (const ExportRow& row : export_rows()) EXPECT_TRUE(met.contains(name_of(row))) << name_of(row);
}

// docs/exports.md shows the table of the code, row by row.
TEST(ExportTable, IsTheOneOfTheDocumentation) {
  std::ifstream in(CURFEW_SOURCE_DIR "/docs/exports.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  for (const ExportRow& row : export_rows()) {
    const std::string ecs = row.ecs_category.empty()
                                ? std::string(row.ecs_kind)
                                : std::string(row.ecs_kind) + ", " + std::string(row.ecs_category) + " " +
                                      std::string(row.ecs_type);
    const std::string line =
        "| `" + name_of(row) + "` | " + std::string(row.title) + " | " +
        (row.by_default ? "yes" : "on demand") + " | " + std::to_string(static_cast<unsigned>(row.ocsf)) +
        " " + std::string(name_of(row.ocsf)) + " | " + std::to_string(row.activity) + " " +
        std::string(row.activity_name) + " | " + std::string(name_of(row.severity)) + " | " + ecs + " |\n";
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(ExportFormats, EveryLineIsOneLineOfCleanTextAndTheSameEachTime) {
  for (const ledger::SealedEntry& sealed : export_samples()) {
    for (const ExportFormat format :
         {ExportFormat::Ndjson, ExportFormat::Ocsf, ExportFormat::Ecs, ExportFormat::Cef}) {
      const std::string line = as(format, sealed, sample_names());
      EXPECT_TRUE(base::is_clean_utf8(line)) << line;
      EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
      EXPECT_EQ(line, as(format, sealed, sample_names()));
      if (format == ExportFormat::Cef) continue;
      simdjson::dom::parser parser;
      simdjson::dom::object object;
      EXPECT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
    }
  }
}

TEST(ExportFormats, WithoutLeaveNoNameIsInIt) {
  for (const ledger::SealedEntry& sealed : export_samples()) {
    for (const ExportFormat format :
         {ExportFormat::Ndjson, ExportFormat::Ocsf, ExportFormat::Ecs, ExportFormat::Cef}) {
      const std::string line = as(format, sealed);
      EXPECT_THAT(line, Not(HasSubstr("zoë")));
      EXPECT_THAT(line, Not(HasSubstr("10.1.2.3")));
    }
  }
}

TEST(ExportFormats, ASignInIsWhatOcsfCallsALogon) {
  const std::string line =
      as(ExportFormat::Ocsf, sample_entry(EntryKind::Observation, sample_observation("sign_in")),
         sample_names());
  for (const char* part :
       {R"("class_uid":3002)", R"("activity_id":1)", R"("type_uid":300201)", R"("time":1763758679123)",
        R"("uid":"curfew/main/a/1/7")", R"("sequence":7)", R"("status":"Success")",
        R"("user":{"uid":"00000000000000a1","name":"zoë=|\\\"@corp.test","type_id":1,"type":"human"})",
        R"("service":{"name":"CRM","uid":"crm-forms"})", R"("auth_protocol_id":2)", R"("is_mfa":true)",
        R"("src_endpoint":{"uid":"00000000000000d1","name":"PC-17","ip":"10.1.2.3"})",
        R"("expiration_time":1763800000000)", R"("privileged":true)"})
    EXPECT_THAT(line, HasSubstr(part));
}

TEST(ExportFormats, AProvenSignOutIsALogoffThatRevokedAccess) {
  const std::string line =
      as(ExportFormat::Ocsf, sample_entry(EntryKind::OutcomeRecorded, R"({"order":4,"outcome":"proven"})"));
  for (const char* part : {R"("type_uid":300202)", R"("status":"Success")", R"("expiration_reason":"forced")",
                           R"("actor":{"app_name":"Curfew"})", R"("action_id":2)", R"("disposition_id":24)",
                           R"("correlation_uid":"main/sign-out/4")", R"("profiles":["security_control"])"})
    EXPECT_THAT(line, HasSubstr(part));
  const std::string alive = as(
      ExportFormat::Ocsf, sample_entry(EntryKind::OutcomeRecorded, R"({"order":4,"outcome":"still_alive"})"));
  EXPECT_THAT(alive, HasSubstr(R"("status":"Failure")"));
  EXPECT_THAT(alive, HasSubstr(R"("severity":"High")"));
  EXPECT_THAT(alive, Not(HasSubstr("Access Revoked")));
}

TEST(ExportFormats, InEcsAnOperatorIsTheUserAndThePersonTheTarget) {
  const std::string line =
      as(ExportFormat::Ecs,
         sample_entry(EntryKind::SignOutOrdered, R"({"order":4,"reason":"x","ordered_by":"ops"})"));
  EXPECT_THAT(line, HasSubstr(R"("user":{"name":"ops","target":{"id":"00000000000000a1"}})"));
  EXPECT_THAT(line, HasSubstr(R"("@timestamp":"2025-11-21T20:58:00.500000Z")"));
}

TEST(ExportFormats, FactsThatAreNoObjectAreExportedAsTheTextThatTheyAre) {
  const ledger::SealedEntry sealed = sample_entry(EntryKind::Alert, "no \"object\"\n");
  EXPECT_THAT(as(ExportFormat::Ndjson, sealed), HasSubstr(R"("facts_text":"no \"object\"\u000a")"));
  EXPECT_THAT(as(ExportFormat::Ocsf, sealed), HasSubstr(R"("facts_text":"no \"object\"\u000a")"));
}

// No entry of Curfew's has one; a damaged one may.
TEST(ExportFormats, AFactWithoutANameIsStillJson) {
  const ledger::SealedEntry sealed =
      sample_entry(EntryKind::Observation, R"({"type":"sign_in","":[["upn","00000000000000a1"]]})");
  for (const ExportFormat format : {ExportFormat::Ndjson, ExportFormat::Ocsf, ExportFormat::Ecs}) {
    const std::string line = as(format, sealed);
    simdjson::dom::parser parser;
    EXPECT_EQ(parser.parse(line).error(), simdjson::SUCCESS) << line;
  }
}

TEST(ExportFormats, CefIsReadBackByItsRules) {
  for (const ledger::SealedEntry& sealed : export_samples()) {
    EventReader reader;
    const ExportEvent& event = reader.read(sample_stream, sealed);
    const Cef cef = read_cef(render(ExportFormat::Cef, event, sample_names()));
    ASSERT_EQ(cef.header.size(), 8U);
    EXPECT_THAT(cef.header, ElementsAre("CEF:0", "Curfew", "Curfew", CURFEW_VERSION, name_of(*event.row),
                                        std::string(event.row->title), testing::_, ""));
    EXPECT_EQ(cef.fields.at("externalId"), event.id);
    EXPECT_EQ(cef.fields.at("msg"), event.message());
    EXPECT_EQ(cef.fields.contains("duid") ? cef.fields.at("duid") : "", model::to_text(event.person()));
    EXPECT_EQ(cef.fields.contains("duser") ? cef.fields.at("duser") : "",
              event.person() == sample_person ? "zoë=|\\\"@corp.test" : "");
    if (cef.fields.contains("cs6") && event.broken_facts.empty()) {
      EXPECT_EQ(cef.fields.at("cs6"), event.facts_json());
    }
  }
}

TEST(ExportFormats, AnIdNamesStreamAndSequence) {
  const auto position = parse_event_id("curfew/main/a/12/4711");
  ASSERT_TRUE(position);
  EXPECT_EQ(position->stream, (ledger::StreamId{"main", "a", 12}));
  EXPECT_EQ(position->sequence, 4711U);
  for (const char* text : {"", "/", "4711", "curfew/main/a/1/", "curfew/main/a/1/x", "curfew/main/a/1/-1",
                           "curfew/main/a/0/1", "main/a/1/1", "curfew/main/a/1/99999999999999999999"})
    EXPECT_FALSE(parse_event_id(text)) << text;
}

}  // namespace
}  // namespace curfew::outlet
