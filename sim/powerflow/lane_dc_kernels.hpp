// The inner loop of DC flows in lanes: one factor, many right-hand sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridplus::powerflow {

/// DC flows solved side by side: two vectors of 8 doubles.
inline constexpr std::size_t k_dc_lanes = 16;

/// The factors L U of the susceptance matrix by position (see LanePattern), and the matrix itself.
struct DcFactorView {
  std::int32_t active = 0;  ///< rows before the slack buses
  const std::int32_t* lower_start = nullptr;
  const std::int32_t* lower_column = nullptr;
  const double* lower = nullptr;
  const std::int32_t* upper_start = nullptr;
  const std::int32_t* upper_column = nullptr;
  const double* upper = nullptr;
  const double* inverse = nullptr;  ///< of the diagonal of U
  const std::int32_t* coupling_start = nullptr;
  const std::int32_t* coupling_column = nullptr;
  const double* coupling = nullptr;
};

struct DcKernels {
  /// `angle`: positions x lanes, the right-hand side of the active rows and the known angles of the slack rows; leaves
  /// the angles of all rows.
  void (*solve)(const DcFactorView& factor, double* angle);
  /// Per lane the largest |wanted - B angle| of the active rows, infinity where one is not a number.
  void (*residual)(const DcFactorView& factor, const double* wanted, const double* angle, double* largest);
};

/// The kernels of the instruction set `name`, one of lane_kernel_names().
[[nodiscard]] const DcKernels& dc_kernels(std::string_view name);

}  // namespace gridplus::powerflow
