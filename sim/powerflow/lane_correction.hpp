// A lane's own correction of the shared factor: J' = J + C D R^T, where C and R are a few sparse columns.
//
// By Sherman, Morrison and Woodbury, with J = L U, c = L^-1 C, r^T = R^T U^-1 and K = r^T c,
//
//   J'^-1 b = U^-1 (y - c w),   w = D (I + K D)^-1 r^T y,   y = L^-1 b
//
// so that the correction stands in the middle of the solve that all lanes share ("mid-compensation": O. Alsac, B.
// Stott, W. F. Tinney: Sparsity-oriented compensation methods for modified network solutions. IEEE Transactions on
// Power Apparatus and Systems PAS-102(5), 1983). c and r have entries only on the paths of the elimination tree from
// where C and R have theirs up to the root (W. F. Tinney, V. Brandwajn, S. M. Chan: Sparse vector methods. IEEE
// Transactions on Power Apparatus and Systems PAS-104(2), 1985), some dozens of buses of thousands.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/powerflow/lane_base.hpp"

namespace gridplus::powerflow {

/// The factor of a base by elimination steps, for solves with few nonzeros. Blocks by rows, (P, Q) by (theta, rho).
struct PathFactor {
  using Block = std::array<float, 4>;

  explicit PathFactor(const LaneBase& base);

  IndexRows above;             ///< row k of U and column k of L: the positions above k, without slack buses
  std::vector<Block> lower;    ///< block (position, k) of L
  std::vector<Block> upper;    ///< block (k, position) of D^-1 U, where D is U's diagonal
  std::vector<Block> inverse;  ///< D^-1
};

/// An unknown or equation: `part` 0 is theta or P, 1 is rho or Q.
struct Unknown {
  std::int32_t position = 0;
  std::int32_t part = 0;
};

/// Memory that corrections are made in; one per thread.
struct CorrectionScratch {
  std::vector<std::int32_t> local;  ///< per position: its place on the paths, or -1
  std::vector<float> column, row;   ///< per place, part and term
  std::vector<double> matrix;
};

/// At most k_most_terms terms; cleared and made anew for each lane that needs one.
class LaneCorrection {
 public:
  /// A sparse column of C or R.
  using Column = std::vector<std::pair<Unknown, double>>;
  static constexpr std::size_t k_most_terms = 24;

  /// Sets C, R (at most k_most_terms each) and D (`c` by `r`, by rows). False if J' is singular to rounding.
  [[nodiscard]] bool make(const PathFactor& factor, std::span<const Column> c, std::span<const Column> r,
                          std::span<const double> d, CorrectionScratch& scratch);
  void clear() { place_.clear(); }

  /// y -= c w in the lane whose first number is `y`.
  void apply(float* y) const;

 private:
  void find_paths(const PathFactor& factor, std::span<const Column> c, std::span<const Column> r,
                  CorrectionScratch& scratch);
  void solve_paths(const PathFactor& factor, CorrectionScratch& scratch) const;
  [[nodiscard]] bool make_middle(CorrectionScratch& scratch);

  std::size_t terms_ = 0;            ///< of C and of R, the shorter filled up with zeros
  std::size_t stride_ = 0;           ///< terms, rounded up to whole vectors
  std::vector<std::int32_t> place_;  ///< positions on the paths, ascending
  std::vector<float> column_, row_;  ///< c and r: per place, part and term
  std::vector<float> middle_;        ///< D (I + K D)^-1, terms by terms
};

}  // namespace gridplus::powerflow
