#include "output/spool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "sim/core/error.hpp"
#include "tests/output/temporary_folder.hpp"

namespace gridplus::output {
namespace {

std::vector<std::byte> bytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::vector<std::string> contents(const Spool& spool) {
  std::vector<std::string> out;
  static_cast<void>(spool.scan([&](const SpoolRecord& record) {
    out.emplace_back(reinterpret_cast<const char*>(record.payload.data()), record.payload.size());
  }));
  return out;
}

class SpoolFile : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("run.h5.partial");

  void write_three() {
    Spool spool(path_);
    const auto one = bytes("one"), two = bytes("two"), three = bytes("three");
    spool.append(RecordKind::header, {one});
    spool.append(RecordKind::chunk, {two, {}, three});
    spool.append(RecordKind::checkpoint, {{}, three, {}});
  }
};

TEST_F(SpoolFile, GivesBackItsRecords) {
  write_three();
  EXPECT_EQ(contents(Spool(path_)), (std::vector<std::string>{"one", "twothree", "three"}));
}

TEST_F(SpoolFile, CutAnywhereKeepsTheRecordsBeforeTheCut) {
  write_three();
  std::vector<std::uint64_t> ends;
  static_cast<void>(Spool(path_).scan([&](const SpoolRecord& record) { ends.push_back(record.end); }));
  for (std::uint64_t size = std::filesystem::file_size(path_); size-- > 0;) {
    std::filesystem::resize_file(path_, size);
    const auto whole = static_cast<std::size_t>(std::ranges::count_if(ends, [&](auto end) { return end <= size; }));
    EXPECT_EQ(contents(Spool(path_)).size(), whole) << size;
  }
}

TEST_F(SpoolFile, ADamagedByteEndsTheGoodPart) {
  write_three();
  std::string original;
  {
    std::ifstream in(path_, std::ios::binary);
    original.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (std::size_t at = 0; at < original.size(); ++at) {
    std::string damaged = original;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(path_, std::ios::binary) << damaged;
    const auto found = contents(Spool(path_));
    ASSERT_LT(found.size(), 3u) << at;
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i], (std::vector<std::string>{"one", "twothree", "three"})[i]);
  }
}

TEST_F(SpoolFile, ASecondWriterIsRefused) {
  const Spool first(path_);
  try {
    const Spool second(path_);
    FAIL() << "two writers on one file";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("is in use"), std::string::npos);
  }
}

TEST_F(SpoolFile, TheLockEndsWithTheWriter) {
  { const Spool first(path_); }
  EXPECT_NO_THROW(Spool{path_});
}

}  // namespace
}  // namespace gridplus::output
