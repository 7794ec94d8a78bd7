// The one domain controller of this test program, and a fixture that skips, and says why, where none can run.
//
//   TEST_F(OnController, …) { controller().user("bob"); … }
//
// It starts at the first use and ends with the program. Threads: one. Owns: the controller. Fails: as it
// does.
#pragma once

#include <gtest/gtest.h>

#include "tests/integration/samba/smb_door.hpp"
#include "tests/support/samba_domain.hpp"

namespace curfew::samba_test {

inline support::SambaDomain& controller() {
  static support::SambaDomain domain("127.0.0.88");
  return domain;
}

class OnController : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = support::SambaDomain::missing(); !why.empty()) GTEST_SKIP() << why;
    if (const std::string why = SmbDoor::missing(); !why.empty()) GTEST_SKIP() << why;
  }
};

}  // namespace curfew::samba_test
