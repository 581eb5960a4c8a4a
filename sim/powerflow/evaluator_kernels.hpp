// The inner loops of FlowEvaluator, one copy per instruction set, chosen when the program runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridplus::powerflow {

/// Arrays per bus and per branch are padded to whole vectors of this many numbers; padded branches lead from bus 0 to
/// bus 0 and have no admittance.
inline constexpr std::size_t k_evaluator_width = 8;

/// Two-port admittances in MVA at 1 p.u. and ends of all branches.
struct BranchView {
  std::size_t count = 0;  ///< padded
  const std::int64_t *from = nullptr, *to = nullptr;
  const double *ff_re = nullptr, *ff_im = nullptr, *ft_re = nullptr, *ft_im = nullptr;
  const double *tf_re = nullptr, *tf_im = nullptr, *tt_re = nullptr, *tt_im = nullptr;
  const double* percent_per_mva = nullptr;                            ///< 0 where the rating is infinite
  const double *from_ka_per_mva = nullptr, *to_ka_per_mva = nullptr;  ///< current of 1 MVA at 1 p.u.
};

/// The admittance matrix by rows, in MVA at 1 p.u.
struct BusRowsView {
  std::size_t count = 0;
  const std::int32_t *start = nullptr, *column = nullptr;
  const double* value = nullptr;  ///< re, im
};

/// Where branch quantities are written, padded.
struct BranchOutputs {
  double *p_from_mw, *q_from_mvar, *p_to_mw, *q_to_mvar, *loading_percent, *losses_mw, *i_from_ka, *i_to_ka;
};

struct EvaluatorKernels {
  /// Voltages in rectangular coordinates; all arrays padded.
  void (*rectangular)(std::size_t count, const double* vm_pu, const double* va_deg, double* e, double* f);
  void (*injections)(const BusRowsView& rows, const double* e, const double* f, double* p_mw, double* q_mvar);
  /// Branches [first, end) of the padded arrays; `out` begins with branch `first`.
  void (*branches)(const BranchView& branch, std::size_t first, std::size_t end, const double* e, const double* f,
                   const BranchOutputs& out);
};

/// The kernels of the instruction set `name`, one of lane_kernel_names().
[[nodiscard]] const EvaluatorKernels& evaluator_kernels(std::string_view name);

}  // namespace gridplus::powerflow
