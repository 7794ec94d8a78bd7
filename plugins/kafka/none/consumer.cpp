// For builds in which librdkafka can't run.
#include "plugins/kafka/consumer.hpp"

namespace curfew::kafka {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

struct Consumer::Client {};

Consumer::Consumer(const ServerSettings& settings) {
  throw Failure(Code::Unsupported, settings.servers +
                                       ": this build has no Kafka client: librdkafka can't run under the "
                                       "thread sanitizer it was built with");
}
Consumer::~Consumer() = default;
std::vector<std::int32_t> Consumer::partitions(Time /*deadline*/) { return {}; }
std::map<std::int32_t, Range> Consumer::ranges(const std::set<std::int32_t>& /*partitions*/,
                                               Time /*deadline*/) {
  return {};
}
std::int64_t Consumer::offset_at(std::int32_t /*partition*/, Time /*at*/, Time /*deadline*/) { return 0; }
void Consumer::read_from(const std::map<std::int32_t, std::int64_t>& /*positions*/) {}
void Consumer::hold(const std::set<std::int32_t>& /*partitions*/) {}
Taken Consumer::take(const Limits& /*limits*/, Time /*deadline*/) { return {}; }
void Consumer::wake() noexcept {}
std::uint64_t Consumer::throttled() const { return 0; }

}  // namespace curfew::kafka
