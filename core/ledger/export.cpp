#include "core/ledger/export.hpp"

#include <array>
#include <filesystem>

#include "core/base/error.hpp"
#include "core/ledger/csv.hpp"

namespace curfew::ledger {
namespace {

class Line {
 public:
  Line& number(std::int64_t value) {
    if (!text_.empty()) text_ += ',';
    text_ += std::to_string(value);
    return *this;
  }
  Line& number(std::uint64_t value) { return number(static_cast<std::int64_t>(value)); }
  Line& text(std::string_view value) {
    append_csv(text_, value);
    return *this;
  }
  Line& bytes(std::string_view value) {
    append_csv_bytes(text_, value);
    return *this;
  }
  void to(std::ofstream& file) {
    text_ += '\n';
    file.write(text_.data(), static_cast<std::streamsize>(text_.size()));
  }

 private:
  std::string text_;
};

}  // namespace

ExportWriter::ExportWriter(const std::string& directory) : directory_(directory) {
  std::error_code failed;
  std::filesystem::create_directories(directory_, failed);
  if (failed) throw Error(ErrorKind::Unavailable, "export: " + directory_ + ": " + failed.message());
  const auto open = [&](std::ofstream& file, const char* name, const char* header) {
    const std::string path = directory_ + '/' + name;
    if (std::filesystem::exists(path))
      throw Error(ErrorKind::Usage, "export: " + path + " is there already: choose an empty directory");
    file.open(path, std::ios::binary);
    file << header << '\n';
  };
  open(streams_, "stream.csv", "number,realm,node,epoch,verifier_key");
  open(entries_, "entry.csv",
       "stream,sequence,engine_time,occurred_at,recorded_at,kind,source,session,subject,facts,commitment");
  open(personal_, "personal.csv", "stream,sequence,salt,value");
  open(references_, "reference.csv", "ref,kind,namespace,value");
  open(tiles_, "tile.csv", "stream,level,index,hashes");
  open(checkpoints_, "checkpoint.csv", "stream,size,previous_size,root,note");
}

void ExportWriter::stream(std::int64_t number, const StreamId& id, const std::string& verifier_key) {
  Line()
      .number(number)
      .text(id.realm)
      .text(id.node)
      .number(std::uint64_t{id.epoch})
      .text(verifier_key)
      .to(streams_);
}

void ExportWriter::entry(std::int64_t stream, const SealedEntry& row) {
  std::array<char, 8> subject;
  const LeafFields fields = fields_of(row, subject);
  Line()
      .number(stream)
      .number(fields.sequence)
      .number(fields.engine_time)
      .number(fields.occurred_at)
      .number(fields.recorded_at)
      .text(fields.kind)
      .text(fields.source)
      .bytes(fields.session)
      .bytes(fields.subject)
      .text(fields.facts)
      .bytes(fields.commitment)
      .to(entries_);
  if (!row.salt.empty() || !row.entry.personal.empty())
    Line().number(stream).number(row.sequence).bytes(row.salt).text(row.entry.personal).to(personal_);
}

void ExportWriter::reference(const model::PersonalValue& value) {
  Line()
      .bytes(base::from_hex(model::to_text(value.ref)).value_or(std::string()))
      .text(model::name_of(value.kind))
      .text(value.name_space)
      .text(value.value)
      .to(references_);
}

void ExportWriter::tile(std::int64_t stream, const Tile& tile) {
  Line().number(stream).number(std::uint64_t{tile.level}).number(tile.index).bytes(tile.bytes).to(tiles_);
}

void ExportWriter::checkpoint(std::int64_t stream, const StoredCheckpoint& checkpoint) {
  if (stream != last_stream_) last_size_ = 0;
  const std::string root =
      !checkpoint.root.empty()
          ? checkpoint.root
          : std::string(base::as_text(parse_checkpoint(parse_note(checkpoint.note).text).root));
  Line()
      .number(stream)
      .number(checkpoint.size)
      .number(checkpoint.previous_size.value_or(last_size_))
      .bytes(root)
      .text(checkpoint.note)
      .to(checkpoints_);
  last_stream_ = stream;
  last_size_ = checkpoint.size;
}

void ExportWriter::finish() {
  for (std::ofstream* file : {&streams_, &entries_, &personal_, &references_, &tiles_, &checkpoints_}) {
    file->close();
    if (!*file)
      throw Error(ErrorKind::Unavailable,
                  "export: " + directory_ + " could not be written: is the disk full?");
  }
}

}  // namespace curfew::ledger
