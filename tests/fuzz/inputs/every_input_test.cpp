// Each seed, and each input that once brought a fuzz target down, goes through its target again, in the build
// that ships. A fault aborts: the name of the input is on the line above.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// tests/fuzz/<topic>; each program says its own.
extern const char* const fuzz_topic_folder;
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> inputs() {
  std::vector<std::string> files;
  for (const char* folder : {"seeds", "regressions"}) {
    const std::filesystem::path path = std::filesystem::path(fuzz_topic_folder) / folder;
    if (!std::filesystem::is_directory(path)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

class EveryInput : public testing::TestWithParam<std::string> {};

TEST_P(EveryInput, IsTakenOrRefusedWithoutAFault) {
  std::ifstream in(GetParam(), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  ASSERT_FALSE(in.bad());
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0);
  // A file that ends early is the damage that happens most.
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size() / 2), 0);
}

std::string name_of(const testing::TestParamInfo<std::string>& input) {
  const std::filesystem::path path(input.param);
  std::string name = path.parent_path().filename().string() + "_" + path.filename().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Fuzz, EveryInput, testing::ValuesIn(inputs()), name_of);

}  // namespace
