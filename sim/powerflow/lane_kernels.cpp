#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/powerflow/lane_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sim/powerflow/lane_kernels.hpp"
#include "sim/powerflow/lane_linear-inl.hpp"
#include "sim/powerflow/lane_mismatch-inl.hpp"
#include "sim/powerflow/lane_slack-inl.hpp"
#include "sim/powerflow/lane_step-inl.hpp"
#include "sim/powerflow/lane_transfer-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_AVX3
constexpr std::string_view k_name = "avx512";
#elif HWY_TARGET == HWY_AVX2
constexpr std::string_view k_name = "avx2";
#elif HWY_TARGET == HWY_SSE4
constexpr std::string_view k_name = "sse4";
#else
constexpr std::string_view k_name = "scalar";
#endif

}  // namespace

const LaneKernels* kernels() {
  static constexpr LaneKernels table{.name = k_name,
                                     .start = start,
                                     .mismatch32 = mismatch32,
                                     .mismatch32_shared = mismatch32_shared,
                                     .widen = widen,
                                     .mismatch = mismatch<Exact>,
                                     .mismatch_shared = mismatch_shared<Exact>,
                                     .linear_mismatch = mismatch<FirstOrder>,
                                     .linear_mismatch_shared = mismatch_shared<FirstOrder>,
                                     .missing = missing,
                                     .share = share,
                                     .reactive = reactive,
                                     .step = step,
                                     .linear_step = linear_step,
                                     .exponential = exponential,
                                     .gather = gather,
                                     .polar = polar};
  return &table;
}

}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <array>
#include <cstdlib>
#include <string>

#include "sim/core/error.hpp"

namespace gridplus::powerflow {

namespace {

struct InstructionSet {
  std::string_view name;
  const LaneKernels* (*kernels)();
  std::int64_t target;
};

/// Weakest first. A set that was not compiled for this architecture has no kernels.
constexpr std::array<InstructionSet, 4> k_sets{{{"scalar", HWY_CHOOSE_FALLBACK(kernels), 0},
                                                {"sse4", HWY_CHOOSE_SSE4(kernels), HWY_SSE4},
                                                {"avx2", HWY_CHOOSE_AVX2(kernels), HWY_AVX2},
                                                {"avx512", HWY_CHOOSE_AVX3(kernels), HWY_AVX3}}};

/// Asked once: the answer does not change, and a virtual machine takes longer over it than over a short run.
std::int64_t supported_targets() {
  static const std::int64_t k_targets = hwy::SupportedTargets();
  return k_targets;
}

bool usable(const InstructionSet& set) {
  return set.kernels != nullptr && (set.target == 0 || (supported_targets() & set.target) != 0);
}

}  // namespace

std::vector<std::string_view> lane_kernel_names() {
  std::vector<std::string_view> names;
  for (const InstructionSet& set : k_sets) {
    if (usable(set)) names.push_back(set.name);
  }
  return names;
}

const LaneKernels& lane_kernels(std::string_view name) {
  for (const InstructionSet& set : k_sets) {
    if (set.name == name && usable(set)) return *set.kernels();
  }
  Diagnostic diagnostic;
  diagnostic.path = "GRIDPLUS_SIMD";
  diagnostic.problem.append("'").append(name).append("' is no instruction set of this machine");
  for (const std::string_view known : lane_kernel_names()) {
    diagnostic.allowed += diagnostic.allowed.empty() ? "" : ", ";
    diagnostic.allowed += known;
  }
  diagnostic.hint = "unset GRIDPLUS_SIMD to take the best";
  throw InputError(diagnostic);
}

const LaneKernels& lane_kernels() {
  const char* forced = std::getenv("GRIDPLUS_SIMD");
  return lane_kernels(forced != nullptr && *forced != '\0' ? std::string_view(forced) : lane_kernel_names().back());
}

}  // namespace gridplus::powerflow
#endif  // HWY_ONCE
