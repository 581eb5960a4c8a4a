#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/powerflow/evaluator_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "sim/powerflow/evaluator_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, k_evaluator_width>;
using V = hn::Vec<D>;
constexpr std::size_t k_width = hn::MaxLanes(D());

struct Number {
  V re, im;
};

/// a x + b y
HWY_INLINE Number combine(const Number& a, const Number& x, const Number& b, const Number& y) {
  return {hn::NegMulAdd(b.im, y.im, hn::MulAdd(b.re, y.re, hn::NegMulAdd(a.im, x.im, hn::Mul(a.re, x.re)))),
          hn::MulAdd(b.im, y.re, hn::MulAdd(b.re, y.im, hn::MulAdd(a.im, x.re, hn::Mul(a.re, x.im))))};
}

/// x conj(y)
HWY_INLINE Number times_conjugate(const Number& x, const Number& y) {
  return {hn::MulAdd(x.im, y.im, hn::Mul(x.re, y.re)), hn::NegMulAdd(x.re, y.im, hn::Mul(x.im, y.re))};
}

HWY_INLINE V square(const Number& x) {
  return hn::MulAdd(x.im, x.im, hn::Mul(x.re, x.re));
}

HWY_INLINE Number load(const double* re, const double* im) {
  return {hn::LoadU(D(), re), hn::LoadU(D(), im)};
}

void rectangular(std::size_t count, const double* vm_pu, const double* va_deg, double* e, double* f) {
  const D d;
  for (std::size_t i = 0; i < count; i += k_width) {
    const auto modulus = hn::LoadU(d, vm_pu + i);
    const auto angle = hn::Mul(hn::LoadU(d, va_deg + i), hn::Set(d, 0.017453292519943295769));
    hn::StoreU(hn::Mul(modulus, hn::Cos(d, angle)), d, e + i);
    hn::StoreU(hn::Mul(modulus, hn::Sin(d, angle)), d, f + i);
  }
}

void injections(const BusRowsView& rows, const double* e, const double* f, double* p_mw, double* q_mvar) {
  for (std::size_t i = 0; i < rows.count; ++i) {
    double re = 0.0;
    double im = 0.0;
    for (std::int32_t k = rows.start[i]; k < rows.start[i + 1]; ++k) {
      const double g = rows.value[2 * k];
      const double b = rows.value[2 * k + 1];
      const double x = e[rows.column[k]];
      const double y = f[rows.column[k]];
      re += g * x - b * y;
      im += g * y + b * x;
    }
    p_mw[i] = e[i] * re + f[i] * im;
    q_mvar[i] = f[i] * re - e[i] * im;
  }
}

void branches(const BranchView& branch, std::size_t first, std::size_t end, const double* e, const double* f,
              const BranchOutputs& out) {
  const D d;
  const hn::RebindToSigned<D> index;
  for (std::size_t k = first; k < end; k += k_width) {
    const auto from = hn::LoadU(index, branch.from + k);
    const auto to = hn::LoadU(index, branch.to + k);
    const Number v{hn::GatherIndex(d, e, from), hn::GatherIndex(d, f, from)};
    const Number w{hn::GatherIndex(d, e, to), hn::GatherIndex(d, f, to)};
    const Number ff = load(branch.ff_re + k, branch.ff_im + k);
    const Number ft = load(branch.ft_re + k, branch.ft_im + k);
    const Number tf = load(branch.tf_re + k, branch.tf_im + k);
    const Number tt = load(branch.tt_re + k, branch.tt_im + k);
    const Number i = combine(ff, v, ft, w);
    const Number j = combine(tf, v, tt, w);
    const Number s = times_conjugate(v, i);
    const Number t = times_conjugate(w, j);
    const auto larger = hn::Max(square(s), square(t));
    const std::size_t to_row = k - first;
    hn::StoreU(s.re, d, out.p_from_mw + to_row);
    hn::StoreU(s.im, d, out.q_from_mvar + to_row);
    hn::StoreU(t.re, d, out.p_to_mw + to_row);
    hn::StoreU(t.im, d, out.q_to_mvar + to_row);
    hn::StoreU(hn::Mul(hn::Sqrt(larger), hn::LoadU(d, branch.percent_per_mva + k)), d, out.loading_percent + to_row);
    hn::StoreU(hn::Add(s.re, t.re), d, out.losses_mw + to_row);
    hn::StoreU(hn::Mul(hn::Sqrt(square(i)), hn::LoadU(d, branch.from_ka_per_mva + k)), d, out.i_from_ka + to_row);
    hn::StoreU(hn::Mul(hn::Sqrt(square(j)), hn::LoadU(d, branch.to_ka_per_mva + k)), d, out.i_to_ka + to_row);
  }
}

}  // namespace

const EvaluatorKernels* evaluator_kernels() {
  static constexpr EvaluatorKernels table{rectangular, injections, branches};
  return &table;
}

}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "sim/powerflow/instruction_sets.hpp"

namespace gridplus::powerflow {

const EvaluatorKernels& evaluator_kernels(std::string_view name) {
  constexpr std::array<KernelCopy<EvaluatorKernels>, 4> copies{{{"scalar", HWY_CHOOSE_FALLBACK(evaluator_kernels)},
                                                                {"sse4", HWY_CHOOSE_SSE4(evaluator_kernels)},
                                                                {"avx2", HWY_CHOOSE_AVX2(evaluator_kernels)},
                                                                {"avx512", HWY_CHOOSE_AVX3(evaluator_kernels)}}};
  return copy_of(copies, name);
}

}  // namespace gridplus::powerflow
#endif  // HWY_ONCE
