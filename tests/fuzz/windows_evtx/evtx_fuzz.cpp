// Any bytes as a chunk of an EVTX file. Its header is made to count what is there, so that each change of a
// byte comes to binary XML. Nothing may crash, hang, or hand on a text that the plugin ABI forbids; each
// record is read or told, once.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/windows/evtx/chunk_reader.hpp"

namespace {

using namespace curfew::windows;

void require(bool condition) {
  if (!condition) std::abort();
}

class Sink final : public RecordSink {
 public:
  void event(WindowsEvent&& event) override {
    check(event);
    ++events;
  }
  void recovered(WindowsEvent&& event) override {
    check(event);
    ++found_in_slack;
  }
  void recovered_torn() override { ++found_in_slack; }
  void unreadable(std::string_view, std::string_view, std::uint64_t records) override { lost += records; }
  void other_line() override { std::abort(); }
  std::uint64_t events = 0, found_in_slack = 0, lost = 0;

 private:
  static void check(const WindowsEvent& event) {
    for (const std::string* text : {&event.computer, &event.channel, &event.provider})
      require(is_clean_utf8(*text) && text->size() <= 1024);
    for (std::size_t i = 0; i < field_count; ++i) {
      const std::string_view value = event.get(static_cast<Field>(i));
      require(is_clean_utf8(value) && value.size() <= 1024);
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A piece of memory of its own, so that the sanitizer sees its end.
  const std::size_t taken = std::min(size, evtx::chunk_size);
  const auto memory = std::make_unique<char[]>(taken);
  std::copy_n(data, taken, memory.get());
  const std::string_view bytes(memory.get(), taken);

  evtx::ChunkReader reader;
  Sink as_it_is;
  reader.read(bytes, evtx::Chunk(bytes), {}, as_it_is);
  Sink slack;
  reader.read(bytes, evtx::Chunk(bytes), {.is_counted = false}, slack);
  require(slack.events == 0);

  evtx::Chunk chunk(bytes);
  chunk.is_chunk = chunk.is_sane = true;
  chunk.first = 1;
  chunk.last = 8;
  chunk.last_record_at = evtx::chunk_size;
  Sink all;
  reader.read(bytes, chunk, {}, all);
  require(all.lost <= 8 && all.events <= evtx::chunk_size / 28);
  // The same again is the same: nothing is left of the chunk before.
  Sink again;
  reader.read(bytes, chunk, {}, again);
  require(again.events == all.events && again.lost == all.lost && again.found_in_slack == all.found_in_slack);
  return 0;
}
