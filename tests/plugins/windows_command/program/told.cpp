// Says what it was given: arguments, user, open descriptors, variables. With a last argument "exit:N",
// "hang", "much", "child" (hangs in a child, and itself) it does that.
#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

extern char** environ;

int main(int count, char** words) {
  for (int i = 1; i < count; ++i) std::printf("[%s]", words[i]);
  std::printf(" uid=%d gid=%d fds=", static_cast<int>(::getuid()), static_cast<int>(::getgid()));
  DIR* folder = ::opendir("/proc/self/fd");
  for (const dirent* one = ::readdir(folder); one != nullptr; one = ::readdir(folder)) {
    if (one->d_name[0] != '.' && std::atoi(one->d_name) != ::dirfd(folder)) std::printf("%s,", one->d_name);
  }
  ::closedir(folder);
  int variables = 0;
  for (char** one = environ; *one != nullptr; ++one) ++variables;
  std::printf(" variables=%d\n", variables);
  std::fflush(stdout);
  const std::string last = count > 1 ? words[count - 1] : "";
  if (last.rfind("exit:", 0) == 0) return std::atoi(last.c_str() + 5);
  if (last == "much") {
    for (int i = 0; i < 100'000; ++i) std::fputs("0123456789", stdout);
  }
  if (last == "child" && ::fork() == 0) {
    while (true) ::pause();
  }
  if (last == "hang" || last == "child") {
    while (true) ::pause();
  }
  return 0;
}
