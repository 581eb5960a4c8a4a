#include "sim/powerflow/reference/sparse_lu.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace gridplus::powerflow::reference {
namespace {

/// A full 2x2 matrix in compressed columns: values are a11 a21 a12 a22.
struct Full2x2 {
  SparseLu lu;
  explicit Full2x2(std::array<double, 4> model) { lu.analyse({0, 2, 4}, {0, 1, 0, 1}, model); }
};

void expect_solves(SparseLu& lu, std::array<double, 4> a) {
  ASSERT_TRUE(lu.factor(a));
  std::array<double, 2> x{a[0] * 3.0 + a[2] * -2.0, a[1] * 3.0 + a[3] * -2.0};
  lu.solve(x);
  EXPECT_NEAR(x[0], 3.0, 1e-12);
  EXPECT_NEAR(x[1], -2.0, 1e-12);
}

TEST(SparseLu, MatricesLikeTheModelReuseItsPivots) {
  Full2x2 full({4.0, 1.0, 1.0, 3.0});
  expect_solves(full.lu, {4.0, 1.0, 1.0, 3.0});
  expect_solves(full.lu, {5.0, 2.0, 1.0, 2.0});
  EXPECT_EQ(full.lu.fresh_factors(), 0U);
}

TEST(SparseLu, AMatrixThatThePivotsDoNotFitGetsItsOwn) {
  Full2x2 full({4.0, 1.0, 1.0, 3.0});
  expect_solves(full.lu, {1e-14, 1.0, 1.0, 1.0});  // pivot of the model: nearly zero
  EXPECT_EQ(full.lu.fresh_factors(), 1U);
  expect_solves(full.lu, {0.0, 1.0, 1.0, 0.0});
  full.lu.forget();
  expect_solves(full.lu, {4.0, 1.0, 1.0, 3.0});
  EXPECT_EQ(full.lu.fresh_factors(), 1U);
}

TEST(SparseLu, ASingularModelIsNoFailure) {
  Full2x2 full({1.0, 1.0, 1.0, 1.0});
  expect_solves(full.lu, {4.0, 1.0, 1.0, 3.0});
}

TEST(SparseLu, ASingularMatrixIsReported) {
  Full2x2 full({4.0, 1.0, 1.0, 3.0});
  std::array<double, 4> singular{1.0, 2.0, 2.0, 4.0};
  EXPECT_FALSE(full.lu.factor(singular));
  std::array<double, 4> not_finite{std::nan(""), 2.0, 2.0, 4.0};
  EXPECT_FALSE(full.lu.factor(not_finite));
  expect_solves(full.lu, {4.0, 1.0, 1.0, 3.0});
}

TEST(SparseLu, AMatrixWithoutRowsHasNothingToSolve) {
  SparseLu lu;
  lu.analyse({0}, {}, {});
  EXPECT_TRUE(lu.factor({}));
  lu.solve({});
}

}  // namespace
}  // namespace gridplus::powerflow::reference
