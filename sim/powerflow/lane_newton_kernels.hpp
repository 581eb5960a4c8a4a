// The inner loops of the full Newton, in which every lane has a factor of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridplus::powerflow {

/// Flows solved side by side: one vector of 8 doubles.
inline constexpr std::size_t k_newton_lanes = 8;

/// What all lanes share: couplings and block pattern by position (see LaneBase and LanePattern).
struct NewtonView {
  std::int32_t active = 0;  ///< rows before the slack buses
  std::int32_t positions = 0;
  const std::int32_t* coupling_start = nullptr;
  const std::int32_t* coupling_column = nullptr;
  const double* coupling = nullptr;   ///< re, im
  const double* injection = nullptr;  ///< re, im of the base injections
  const std::int32_t* lower_start = nullptr;
  const std::int32_t* lower_column = nullptr;
  const std::int32_t* upper_start = nullptr;
  const std::int32_t* upper_column = nullptr;
};

/// What one lane's own grid adds to two blocks of row `row`: n = re + jim as a coupling has it, [[im, re], [-re, im]].
struct NewtonPatch {
  std::int32_t row = 0, column = 0;
  std::uint32_t lane = 0;
  double own_re = 0.0, own_im = 0.0;      ///< to the diagonal block
  double other_re = 0.0, other_im = 0.0;  ///< to the block of `column`
};
/// Row of the last entry in a list of patches.
inline constexpr std::int32_t k_no_more_patches = 0x7fffffff;

/// The memory of one group of lanes: rows of 8 lanes per number.
struct NewtonLanes {
  std::int32_t rows = 0;                   ///< rows to factor: active, or positions where a slack bus has a free |V|
  double* state = nullptr;                 ///< positions x 2: u
  const double* change = nullptr;          ///< positions x 2: wanted injections minus base injections
  const double* dependent = nullptr;       ///< null, or positions x 4: wanted too, times |1 + u| and |1 + u|^2
  double* residual = nullptr;              ///< positions x 2: wanted minus calculated
  const std::uint8_t* p_counts = nullptr;  ///< per position, a bit a lane: P is an equation
  const std::uint8_t* v_free = nullptr;    ///< per position, a bit a lane: Q is an equation, |V| an unknown
  double* x = nullptr;                     ///< positions x 2: the solution for the residual
  double* border = nullptr;                ///< null, or positions x 2: right-hand side, then its solution
  double* upper = nullptr;                 ///< blocks of U x 4
  double* inverse = nullptr;               ///< positions x 4: inverse diagonal blocks
  double* work = nullptr;                  ///< positions x 4: the row of L in the making
  double** place = nullptr;                ///< positions: where the row in the making has its columns
  const NewtonPatch* patch = nullptr;      ///< ascending by row, ends with k_no_more_patches
};

struct NewtonKernels {
  /// Residuals at the state; per lane the largest that counts and the sum of squares.
  void (*mismatch)(const NewtonView& view, const NewtonLanes& lanes, double* norm, double* square);
  /// x = J^-1 residual, and border = J^-1 border; a singular lane gets numbers that are not finite.
  void (*solve)(const NewtonView& view, const NewtonLanes& lanes);
  /// to = from moved by length * x, a length per lane; lanes of length 0 keep what `to` has.
  void (*move)(std::int32_t positions, const double* x, const double* length, const double* from, double* to);
  /// Rows of |1 + u| and of arg(1 + u) in degrees.
  void (*polar)(std::int32_t positions, const double* state, double* modulus_and_angle);
};

/// The kernels of the instruction set `name`, one of lane_kernel_names().
[[nodiscard]] const NewtonKernels& newton_kernels(std::string_view name);

}  // namespace gridplus::powerflow
