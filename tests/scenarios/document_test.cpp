#include "scenarios/document.hpp"

#include <gtest/gtest.h>

namespace gridplus::scenario {
namespace {

const SourceFile k_file{"s.yaml", nullptr, ""};

TEST(Document, KeepsTextOrderAndPlaces) {
  const Node root = parse_document("b: 1 MW\na: [x, 'y']\n", k_file);
  ASSERT_TRUE(root.is_map());
  EXPECT_EQ(root.members[0].key, "b");
  EXPECT_EQ(root.find("b")->text, "1 MW");
  const Node& second = root.find("a")->items[1];
  EXPECT_TRUE(second.quoted);
  EXPECT_EQ(second.where(), (SourceLocation{"s.yaml", 2, 8}));
}

TEST(Document, TakesByteOrderMarkAndCarriageReturns) {
  const Node root = parse_document(
      "\xEF\xBB\xBF"
      "a: 1\r\nb:\r\n  c: 2\r\n",
      k_file);
  EXPECT_EQ(root.find("b")->find("c")->text, "2");
}

TEST(Document, KeepsLimits) {
  DocumentLimits limits;
  limits.most_nodes = 3;
  EXPECT_THROW((void)parse_document("[a, b, c]", k_file, limits), InputError);
  EXPECT_NO_THROW((void)parse_document("[a, b]", k_file, limits));
  limits = {};
  limits.deepest = 2;
  EXPECT_THROW((void)parse_document("[[[a]]]", k_file, limits), InputError);
  limits = {};
  limits.most_bytes = 3;
  EXPECT_THROW((void)parse_document("abcd", k_file, limits), InputError);
}

}  // namespace
}  // namespace gridplus::scenario
