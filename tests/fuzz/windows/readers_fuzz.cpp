// Any bytes as input of the windows connector: read as whatever they look like, then paired. Nothing may
// crash, throw, or hand on what the plugin ABI forbids.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/windows/coverage.hpp"
#include "plugins/windows/evtx_tail.hpp"
#include "plugins/windows/input.hpp"
#include "plugins/windows/pairing.hpp"

namespace {

using namespace curfew::windows;

void require(bool condition) {
  if (!condition) std::abort();
}

class Sink final : public RecordSink, public PairingSink {
 public:
  explicit Sink(Coverage& coverage) : coverage_(coverage), pairing_({}, *this) {}
  void event(WindowsEvent&& event) override {
    require(is_clean_utf8(event.computer) && is_clean_utf8(event.channel));
    coverage_.count(0, event);
    if (Pairing::uses(event)) pairing_.add(std::move(event));
  }
  void recovered(WindowsEvent&& event) override { coverage_.count_recovered(0, event); }
  void recovered_torn() override { coverage_.count_recovered_torn(0); }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    coverage_.count_unreadable(0, place, why, records);
  }
  void other_line() override { coverage_.count_other_line(0); }
  void found(Finding&& finding) override {
    require(!finding.key.empty() && is_clean_utf8(finding.key));
    for (const std::string* text :
         {&finding.handle, &finding.account, &finding.sid, &finding.upn, &finding.device, &finding.address,
          &finding.application, &finding.failure})
      require(is_clean_utf8(*text) && text->size() <= 2048);
  }
  void judged(std::uint32_t input, Fate fate, std::string_view reason) override {
    coverage_.judged(input, fate, reason);
  }
  void finish() { pairing_.finish(); }

 private:
  Coverage& coverage_;
  Pairing pairing_;
};

// The same bytes as a log that grows: it comes to an end, twice.
void follow(std::string_view bytes) {
  if (recognise(bytes) != Format::Evtx) return;
  const int file = ::memfd_create("grown", MFD_CLOEXEC);
  require(file >= 0 && ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  Coverage coverage;
  coverage.add_input("fuzz");
  Sink sink(coverage);
  EvtxTail tail({});
  for (std::uint64_t steps = 0; tail.read(file, sink, 1); ++steps) require(steps <= bytes.size() / 65536 + 1);
  const std::uint64_t records = coverage.sum().records_total;
  require(!tail.read(file, sink, 1) && coverage.sum().records_total == records);
  require(evtx_position(to_text(tail.position())).has_value());
  ::close(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Coverage coverage;
  coverage.add_input("fuzz");
  Sink sink(coverage);
  InputLimits limits;
  limits.expanded_bytes = limits.entry_bytes = 1U << 20U;
  limits.entries = 64;
  read_bytes({reinterpret_cast<const char*>(data), size}, sink, limits);
  sink.finish();
  const InputCoverage sum = coverage.sum();
  std::uint64_t accounted = sum.sessions;
  for (const auto& [reason, count] : sum.joined) accounted += count;
  for (const auto& [reason, count] : sum.filtered) accounted += count;
  require(accounted == sum.logons);
  require(!coverage.to_json().empty());
  follow({reinterpret_cast<const char*>(data), size});
  return 0;
}
