// The inner loops of the lane solver, one copy per instruction set, chosen when the program runs.
//
// Memory layout: a quantity of one bus for all lanes of a group is one row of consecutive numbers, so that
// value[(bus * parts + part) * lanes + lane] with part 0, 1 for the two numbers of a bus. See docs/powerflow.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gridplus::powerflow {

/// Flows solved side by side with the shared factor: two vectors of 8 doubles, one of 16 floats.
inline constexpr std::size_t k_group_lanes = 16;

/// The coupling matrix A_ij = V_i conj(Y_ij V_j) of the base state in rows of positions, and the base injections.
struct CouplingView {
  std::int32_t rows = 0;                ///< rows to evaluate, from the first
  const std::int32_t* start = nullptr;  ///< rows + 1
  const std::int32_t* column = nullptr;
  const double* value = nullptr;        ///< re, im of each entry
  const float* value32 = nullptr;       ///< the same, rounded
  const double* injection = nullptr;    ///< re, im per position: the base injection
  const std::uint8_t* is_pv = nullptr;  ///< per position: |V| is held, so its second equation is left out
};

/// Triangular factors of the base Jacobian as streams in the order in which the solve reads them. A row of a PQ bus
/// has two equations, a row of a PV bus one; a column of a PQ bus has two unknowns, of a PV bus one.
struct FactorView {
  std::int32_t rows = 0;
  const std::uint8_t* is_pv = nullptr;
  const std::int32_t* lower_count = nullptr;  ///< per row: PQ columns, PV columns
  const std::int32_t* lower_column = nullptr;
  const float* lower_value = nullptr;
  const std::int32_t* upper_count = nullptr;  ///< the same for U, rows from the last to the first
  const std::int32_t* upper_column = nullptr;
  const float* upper_value = nullptr;  ///< inverse diagonal block, then inverse diagonal times U
};

/// Distributed slack of a group of lanes. With the missing power D of an island as one more unknown and P of its slack
/// bus as one more equation, F + alpha D = J z everywhere and F_s + alpha_s D = r z at the slack bus, where r is its
/// row of the Jacobian. With the adjoint lambda = J^-T r, which all lanes share,
///
///   D = gain (lambda F - F_s),    gain = 1 / (alpha_s - lambda alpha).
struct SlackView {
  std::int32_t islands = 0;                ///< slack buses; they stand behind the rows with unknowns
  const std::int32_t* island = nullptr;    ///< per position
  const double* adjoint = nullptr;         ///< two per row: lambda of P and Q
  const double* gain = nullptr;            ///< islands x lanes; 0 where the slack bus takes what is missing
  std::int32_t sharing = 0;                ///< positions that take a part in any lane
  const std::int32_t* position = nullptr;  ///< of each
  const double* alpha = nullptr;           ///< sharing x lanes
  double* missing = nullptr;               ///< islands x lanes: the step of D
};

/// Where each bus of the grid stands, and its base state by position.
struct BusView {
  std::int32_t buses = 0;
  const std::int32_t* position = nullptr;  ///< per bus; negative: not energised
  double base_mva = 1.0;
  const double* injection = nullptr;  ///< re, im per position
  const double* vm_pu = nullptr;
  const double* va_deg = nullptr;
  const std::int32_t* pv_row = nullptr;  ///< per position: its row in the ratios, negative if |V| is free
};

/// One copy of every kernel.
struct LaneKernels {
  std::string_view name;

  /// First step, in float, from the base state: solves L U x = x in place and sets `state` to where x leads. Until
  /// widen() the state is one of floats, in the place of the doubles that they become.
  void (*start)(const FactorView& f, float* x, double* state);
  /// Mismatch of the state in float, scaled for the chord step: residual = scale (change - calculated).
  void (*mismatch32)(const CouplingView& a, const double* state, const double* change, float* residual);
  /// The same with distributed slack, whose `missing` is set.
  void (*mismatch32_shared)(const CouplingView& a, const SlackView& s, const double* state, const double* change,
                            float* residual);
  /// Solves L U x = x in place and moves the state by x, from float to double; |1 + u| of PV rows is set exactly to
  /// `ratio` (one row of lanes per PV bus, by position). `x` must come from start() and mismatch32().
  void (*widen)(const FactorView& f, float* x, const double* ratio, double* state);
  /// Mismatch in double; `residual` is scaled and rounded to float for the solve. `norm`: largest |mismatch| per lane;
  /// meaningless where the state is not finite.
  void (*mismatch)(const CouplingView& a, const double* state, const double* change, float* residual, double* norm);
  /// The same with distributed slack: P of the slack buses counts where they share, and `missing` is set.
  void (*mismatch_shared)(const CouplingView& a, const SlackView& s, const double* state, const double* change,
                          float* residual, double* norm);
  /// Both for the equations to first order, where `state` holds z = rho + j theta in the place of u; `residual` is not
  /// scaled.
  void (*linear_mismatch)(const CouplingView& a, const double* state, const double* change, float* residual,
                          double* norm);
  void (*linear_mismatch_shared)(const CouplingView& a, const SlackView& s, const double* state, const double* change,
                                 float* residual, double* norm);
  /// Sets `missing` at the base state, where the mismatch is `change`.
  void (*missing)(const CouplingView& a, const SlackView& s, const double* change);
  /// Hands `missing` out: change += alpha D, and the residual with it. `state`: null where the residual is not scaled.
  void (*share)(const CouplingView& a, const SlackView& s, const double* state, double* change, float* residual);
  /// Q in per unit that flows into the grid at `count` positions, into rows of lanes.
  void (*reactive)(const CouplingView& a, const std::int32_t* position, std::size_t count, const double* state,
                   double* q_pu);
  /// Solves L U x = x in place and moves the double state by x. `moves`: null, or per lane all bits set, or none for a
  /// lane that stays.
  void (*step)(const FactorView& f, float* x, const std::uint32_t* moves, double* state);
  /// Solves L U x = x in place and adds x to the state z.
  void (*linear_step)(const FactorView& f, float* x, double* state);
  /// u = exp(z) - 1 in the place of z, at the first `positions`.
  void (*exponential)(std::int32_t positions, double* state);
  /// change = flow / base_mva - base injection, both numbers of every bus; x = change in float.
  void (*gather)(const BusView& b, const double* const* p_mw, const double* const* q_mvar, double* change, float* x);
  /// vm = vm_base |1 + u|, va = va_base + arg(1 + u) in degrees, into one array per lane, zero where a bus is not
  /// energised; |1 + u| of PV rows is read from `ratio`. `poison` per lane is 0, or NaN where any number is not finite.
  void (*polar)(const BusView& b, const double* state, const double* ratio, double* const* vm_pu, double* const* va_deg,
                double* poison);
};

/// The kernels for the best instruction set of this machine, or for the one that the environment variable
/// GRIDPLUS_SIMD names: scalar, sse4, avx2, avx512. Throws InputError for an unknown name or one that this machine
/// does not have.
[[nodiscard]] const LaneKernels& lane_kernels();
/// The kernels of the instruction set `name`.
[[nodiscard]] const LaneKernels& lane_kernels(std::string_view name);
/// Instruction sets that this machine has, weakest first.
[[nodiscard]] std::vector<std::string_view> lane_kernel_names();

}  // namespace gridplus::powerflow
