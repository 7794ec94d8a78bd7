#include "core/app/recognition.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/base/error.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::app {
namespace {

using Files = std::vector<std::string>;

connector::PluginInfo plugin(const std::string& name, const std::string& schema) {
  connector::PluginInfo info;
  info.name = name;
  info.config_schema = schema;
  return info;
}

class Recognising : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }

  support::TemporaryDirectory folder_;
  const std::vector<connector::PluginInfo> plugins_{
      plugin("one", R"({"x-curfew-recognises":["\\AMAGIC","\"one\":"]})"),
      plugin("two", R"({"x-curfew-recognises":["^two "],"x-curfew-needs-settings":true})"),
      plugin("three", R"({"properties":{}})"), plugin("four", "no json")};
};

TEST_F(Recognising, ByTheFirstExpressionThatIsFound) {
  const Recognisers all(plugins_, {});
  EXPECT_EQ(all.of_head("MAGIC and more"), "one");
  EXPECT_EQ(all.of_head(" MAGIC"), "") << "\\A is the beginning of the file";
  EXPECT_EQ(all.of_head("a line\ntwo words"), "two") << "^ is the beginning of a line";
  EXPECT_EQ(all.of_head("two \"one\":"), "two");
  EXPECT_EQ(all.of_head("{\"one\":1}\ntwo "), "one");
  EXPECT_EQ(all.of_head(std::string("M\0A\0G\0I\0C\0", 10)), "one") << "UTF-16";
  EXPECT_EQ(all.of_head(""), "");
}

TEST_F(Recognising, FilesOfFoldersAndOnesThatAreNamed) {
  const std::string one = write("b/one", "MAGIC"), two = write("a", "two x"), other = write("c", "?");
  write(".hidden", "MAGIC");
  const Recognition found = Recognisers(plugins_, {}).recognise({folder()});
  EXPECT_EQ(found.inputs, (std::map<std::string, Files>{{"one", {one}}}));
  EXPECT_EQ(found.unready, (std::map<std::string, Files>{{"two", {two}}}));
  EXPECT_EQ(found.unknown, Files{other});
  const Recognition configured = Recognisers(plugins_, {"two"}).recognise({two, one});
  EXPECT_EQ(configured.inputs, (std::map<std::string, Files>{{"one", {one}}, {"two", {two}}}));
  EXPECT_TRUE(configured.unready.empty());
}

TEST_F(Recognising, AnArchiveGoesToWhoKnowsMostOfIt) {
  write("in/1", "MAGIC");
  write("in/2", "MAGIC");
  write("in/3", "two x");
  const std::string packed = folder() + "/all.tar.gz";
  ASSERT_EQ(std::system(("tar -C " + folder() + " -czf " + packed + " in").c_str()), 0);
  EXPECT_EQ(Recognisers(plugins_, {}).recognise({packed}).inputs.at("one"), Files{packed});
  const std::string damaged = write("damaged.gz", "\x1f\x8b\x08 no more");
  EXPECT_EQ(Recognisers(plugins_, {}).recognise({damaged}).unknown, Files{damaged});
}

TEST_F(Recognising, AnExpressionThatIsNoneIsAnError) {
  EXPECT_THROW(Recognisers({plugin("bad", R"({"x-curfew-recognises":["("]})")}, {}), Error);
}

}  // namespace
}  // namespace curfew::app
