// How long it takes from an order until the ledger says that it is proven, by the daemon's own records
// (docs/performance.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "tests/integration/spnego/spnego_daemon.hpp"

namespace curfew::spnego_test {
namespace {

using nlohmann::json;
using support::SmbClient;
using support::Ticket;

// Of microseconds, in milliseconds.
std::string median_and_spread(std::vector<std::int64_t> all) {
  std::sort(all.begin(), all.end());
  const auto ms = [](std::int64_t us) { return std::to_string(us / 1000); };
  return ms((all[(all.size() - 1) / 2] + all[all.size() / 2]) / 2) + " ms (" + ms(all.front()) + " to " +
         ms(all.back()) + ")";
}

TEST_F(Spnego, FromTheOrderToTheProofInTheLedger) {
  const int rounds = std::getenv("CURFEW_FULL") != nullptr ? 10 : 3;
  for (int round = 0; round < rounds; ++round) person("figure" + std::to_string(round));
  begin(
      "  - name: limit\n    mode: enforce\n    rule: session_timeout\n    limit: 2s\n"
      "    scope: {sources: [corp-ad], applications: [samba-smb2]}\n"
      "    ladder:\n"
      "      - {action: disable_account, at: corp-ad, revert_after: 10m, prove_within: 30s}\n"
      "      - {action: sign_out_session, at: corp-ad, together: true, prove_within: 30s}\n");
  std::vector<std::int64_t> disabled, told_to_end, proven;
  for (int round = 0; round < rounds; ++round) {
    const std::string name = "figure" + std::to_string(round);
    SmbClient share(domain(), Ticket{ticket(name, smb_service, "10h")});
    ASSERT_TRUE(daemon_.until([&] {
      const json all = sign_outs();
      return all.size() == static_cast<std::size_t>(round) + 1 && all.back()["outcome"] == "proven";
    })) << told();
    EXPECT_FALSE(share.sees_files());
    EXPECT_TRUE(is_disabled(name));
    const json row = sign_outs().back();
    const auto at = [](const json& time) {
      return base::to_micros(base::parse_rfc3339(time.get<std::string>()).value());
    };
    const std::int64_t ordered = at(row["ordered_at"]);
    disabled.push_back(row["trail"][0]["answered_at"].get<std::int64_t>() - ordered);
    told_to_end.push_back(row["trail"][1]["answered_at"].get<std::int64_t>() - ordered);
    proven.push_back(at(row["concluded_at"]) - ordered);
  }
  std::cout << rounds << " rounds, from the order to the directory's answer " << median_and_spread(disabled)
            << ", to the server's " << median_and_spread(told_to_end) << ", to proven "
            << median_and_spread(proven) << "\n";
}

}  // namespace
}  // namespace curfew::spnego_test
