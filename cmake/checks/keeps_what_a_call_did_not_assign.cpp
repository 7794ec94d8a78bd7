// Ends with 0 if a value stays as it was when the call that was to assign it throws.
#include <chrono>
#include <stdexcept>

using Duration = std::chrono::microseconds;

namespace {

long seen = 0;
__attribute__((noinline, noipa)) void look(Duration one, bool is_given) {
  seen = is_given ? 0 : static_cast<long>(one.count());
}
__attribute__((noinline, noipa)) Duration given(int n) {
  if (n == 0) throw std::runtime_error("nothing is given");
  return Duration(n);
}
__attribute__((noinline, noipa)) void ask(Duration first) {
  for (int n = 3; n >= 0; --n) {
    Duration one = first;
    bool is_given = false;
    try {
      one = given(n);
      is_given = true;
    } catch (const std::exception&) {
      first = first * 2;
    }
    look(one, is_given);
  }
}

}  // namespace

int main() {
  ask(Duration(100));
  return seen == 100 ? 0 : 1;
}
