#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/powerflow/lane_newton_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sim/powerflow/lane_math-inl.hpp"
#include "sim/powerflow/lane_newton_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace gridplus::powerflow::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t W = k_newton_lanes;
using D = hn::CappedTag<double, W>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;
constexpr std::size_t k_width = hn::MaxLanes(D());  // the lanes of a group are worked off in vectors of this width

struct Number {
  V re, im;
};

/// A 2x2 block by rows.
struct Block {
  V a, b, c, d;
};

HWY_INLINE std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

HWY_INLINE Number load_number(const double* from) {
  return {hn::Load(D(), from), hn::Load(D(), from + W)};
}
HWY_INLINE void store_number(const Number& n, double* to) {
  hn::Store(n.re, D(), to);
  hn::Store(n.im, D(), to + W);
}
HWY_INLINE Block load_block(const double* from) {
  const D d;
  return {hn::Load(d, from), hn::Load(d, from + W), hn::Load(d, from + 2 * W), hn::Load(d, from + 3 * W)};
}
HWY_INLINE void store_block(const Block& block, double* to) {
  const D d;
  hn::Store(block.a, d, to);
  hn::Store(block.b, d, to + W);
  hn::Store(block.c, d, to + 2 * W);
  hn::Store(block.d, d, to + 3 * W);
}

HWY_INLINE M lane_mask(std::uint8_t bits, std::size_t first) {
  std::uint8_t bytes[8] = {static_cast<std::uint8_t>(bits >> first), 0, 0, 0, 0, 0, 0, 0};
  return hn::LoadMaskBits(D(), bytes);
}

/// What is wanted of bus i and depends on its voltage: m c + m^2 z with m = |1 + u|, and its derivative by ln m.
struct Dependent {
  Number power, slope;
};
HWY_INLINE Dependent dependent_at(const double* row, const Number& u) {
  const D d;
  const auto w = hn::Add(hn::Set(d, 1.0), u.re);
  const auto square = hn::MulAdd(w, w, hn::Mul(u.im, u.im));
  const auto m = hn::Sqrt(square);
  const Number c = load_number(row);
  const Number z = load_number(row + 2 * W);
  const Number zs{hn::Mul(z.re, square), hn::Mul(z.im, square)};
  const Number power{hn::MulAdd(c.re, m, zs.re), hn::MulAdd(c.im, m, zs.im)};
  return {power, {hn::Add(power.re, zs.re), hn::Add(power.im, zs.im)}};
}

/// sum over j of A_ij conj(u_j)
HWY_INLINE Number coupled(const NewtonView& view, std::int32_t i, const double* state) {
  const D d;
  Number sum{hn::Zero(d), hn::Zero(d)};
  for (std::int32_t e = view.coupling_start[i]; e < view.coupling_start[i + 1]; ++e) {
    const Number u = load_number(state + at(view.coupling_column[e]) * 2 * W);
    const auto a = hn::Set(d, view.coupling[2 * e]);
    const auto b = hn::Set(d, view.coupling[2 * e + 1]);
    sum.re = hn::MulAdd(b, u.im, hn::MulAdd(a, u.re, sum.re));
    sum.im = hn::NegMulAdd(a, u.im, hn::MulAdd(b, u.re, sum.im));
  }
  return sum;
}

void mismatch(const NewtonView& view, const NewtonLanes& lanes, double* norm, double* square) {
  const D d;
  for (std::size_t first = 0; first < W; first += k_width) {
    V largest = hn::Zero(d);
    V sum = hn::Zero(d);
    for (std::int32_t i = 0; i < view.positions; ++i) {
      const std::size_t bus = at(i) * 2 * W + first;
      const Number t = coupled(view, i, lanes.state + first);
      const Number u = load_number(lanes.state + bus);
      Number want = load_number(lanes.change + bus);
      if (lanes.dependent != nullptr) {
        const Dependent more = dependent_at(lanes.dependent + at(i) * 4 * W + first, u);
        want = {hn::Add(want.re, more.power.re), hn::Add(want.im, more.power.im)};
      }
      const auto s = hn::Add(hn::Set(d, view.injection[2 * i]), t.re);
      const auto q = hn::Add(hn::Set(d, view.injection[2 * i + 1]), t.im);
      const Number f{hn::MulAdd(u.im, q, hn::NegMulAdd(u.re, s, hn::Sub(want.re, t.re))),
                     hn::NegMulAdd(u.im, s, hn::NegMulAdd(u.re, q, hn::Sub(want.im, t.im)))};
      store_number(f, lanes.residual + bus);
      const auto p = hn::IfThenElseZero(lane_mask(lanes.p_counts[i], first), f.re);
      const auto r = hn::IfThenElseZero(lane_mask(lanes.v_free[i], first), f.im);
      largest = hn::Max(largest, hn::Max(hn::Abs(p), hn::Abs(r)));
      sum = hn::MulAdd(r, r, hn::MulAdd(p, p, sum));
    }
    hn::Store(largest, d, norm + first);
    hn::Store(sum, d, square + first);
  }
}

HWY_INLINE Block multiply(const Block& x, const Block& y) {
  return {hn::MulAdd(x.b, y.c, hn::Mul(x.a, y.a)), hn::MulAdd(x.b, y.d, hn::Mul(x.a, y.b)),
          hn::MulAdd(x.d, y.c, hn::Mul(x.c, y.a)), hn::MulAdd(x.d, y.d, hn::Mul(x.c, y.b))};
}

/// to -= x y
HWY_INLINE void subtract_product(const Block& x, const Block& y, double* to) {
  Block b = load_block(to);
  b.a = hn::NegMulAdd(x.b, y.c, hn::NegMulAdd(x.a, y.a, b.a));
  b.b = hn::NegMulAdd(x.b, y.d, hn::NegMulAdd(x.a, y.b, b.b));
  b.c = hn::NegMulAdd(x.d, y.c, hn::NegMulAdd(x.c, y.a, b.c));
  b.d = hn::NegMulAdd(x.d, y.d, hn::NegMulAdd(x.c, y.b, b.d));
  store_block(b, to);
}

/// n -= x y
HWY_INLINE void subtract_product(const Block& x, const Number& y, Number& n) {
  n.re = hn::NegMulAdd(x.b, y.im, hn::NegMulAdd(x.a, y.re, n.re));
  n.im = hn::NegMulAdd(x.d, y.im, hn::NegMulAdd(x.c, y.re, n.im));
}

HWY_INLINE Number multiply(const Block& x, const Number& y) {
  return {hn::MulAdd(x.b, y.im, hn::Mul(x.a, y.re)), hn::MulAdd(x.d, y.im, hn::Mul(x.c, y.re))};
}

HWY_INLINE Block inverse(const Block& x) {
  const D d;
  const auto determinant = hn::NegMulAdd(x.b, x.c, hn::Mul(x.a, x.d));
  const auto r = hn::Div(hn::Set(d, 1.0), determinant);
  return {hn::Mul(x.d, r), hn::Neg(hn::Mul(x.b, r)), hn::Neg(hn::Mul(x.c, r)), hn::Mul(x.a, r)};
}

/// Sets row i of the Jacobian where its columns have their place, zero in the fill.
HWY_INLINE void fill_row(const NewtonView& view, const NewtonLanes& lanes, std::int32_t i, std::size_t first) {
  const D d;
  const auto zero = hn::Zero(d);
  const auto one = hn::Set(d, 1.0);
  const Block empty{zero, zero, zero, zero};
  double* work = lanes.work + first;
  for (std::int32_t e = view.lower_start[i]; e < view.lower_start[i + 1]; ++e, work += 4 * W) {
    lanes.place[view.lower_column[e]] = work;
    store_block(empty, work);
  }
  lanes.place[i] = lanes.inverse + at(i) * 4 * W + first;
  for (std::int32_t e = view.upper_start[i]; e < view.upper_start[i + 1]; ++e) {
    lanes.place[view.upper_column[e]] = lanes.upper + at(e) * 4 * W + first;
    store_block(empty, lanes.upper + at(e) * 4 * W + first);
  }
  const M free = lane_mask(lanes.v_free[i], first);
  const Number u = load_number(lanes.state + at(i) * 2 * W + first);
  const auto wr = hn::Add(one, u.re);
  const bool slack = i >= view.active;
  for (std::int32_t e = view.coupling_start[i]; e < view.coupling_start[i + 1]; ++e) {
    const std::int32_t j = view.coupling_column[e];
    if (j >= lanes.rows) continue;
    const Number uj = load_number(lanes.state + at(j) * 2 * W + first);
    const auto vr = hn::Add(one, uj.re);
    const auto a = hn::Set(d, view.coupling[2 * e]);
    const auto b = hn::Set(d, view.coupling[2 * e + 1]);
    // A conj(v), then times w.
    const auto tr = hn::MulAdd(b, uj.im, hn::Mul(a, vr));
    const auto ti = hn::NegMulAdd(a, uj.im, hn::Mul(b, vr));
    auto nr = hn::NegMulAdd(u.im, ti, hn::Mul(wr, tr));
    auto ni = hn::MulAdd(u.im, tr, hn::Mul(wr, ti));
    Block block{ni, nr, hn::Neg(nr), ni};
    if (i == j) {
      const std::size_t bus = at(i) * 2 * W + first;
      const Number want = load_number(lanes.change + bus);
      const Number f = load_number(lanes.residual + bus);
      const auto p = hn::Add(hn::Set(d, view.injection[2 * i]), hn::Sub(want.re, f.re));
      const auto q = hn::Add(hn::Set(d, view.injection[2 * i + 1]), hn::Sub(want.im, f.im));
      block = {hn::Sub(ni, q), hn::Add(nr, p), hn::Sub(p, nr), hn::Add(ni, q)};
      if (lanes.dependent != nullptr) {
        const Dependent more = dependent_at(lanes.dependent + at(i) * 4 * W + first, u);
        // p and q lack what depends on the voltage, which the residual has in it.
        block = {hn::Sub(block.a, more.power.im), hn::Add(block.b, hn::Sub(more.power.re, more.slope.re)),
                 hn::Add(block.c, more.power.re), hn::Add(block.d, hn::Sub(more.power.im, more.slope.im))};
      }
    }
    if (slack) {
      block.a = i == j ? one : zero;
      block.b = zero;
    }
    block.c = hn::IfThenElseZero(free, block.c);
    block.d = i == j ? hn::IfThenElse(free, block.d, one) : hn::IfThenElseZero(free, block.d);
    store_block(block, lanes.place[j]);
  }
}

/// Adds what the grids of single lanes change in row i.
HWY_INLINE void patch_row(const NewtonView& view, const NewtonLanes& lanes, std::int32_t i, std::size_t first,
                          const NewtonPatch*& patch) {
  for (; patch->row == i; ++patch) {
    if (patch->lane < first || patch->lane >= first + k_width) continue;
    const bool free = (lanes.v_free[i] >> patch->lane & 1U) != 0;
    const auto add = [&](std::int32_t column, double re, double im) {
      double* block = lanes.place[column] + (patch->lane - first);
      if (i < view.active) {
        block[0] += im;
        block[W] += re;
      }
      if (!free) return;
      block[2 * W] -= re;
      block[3 * W] += im;
    };
    add(i, patch->own_re, patch->own_im);
    if (patch->column < lanes.rows) add(patch->column, patch->other_re, patch->other_im);
  }
}

/// Eliminates row i with the rows above it, which also carries the right-hand sides forward.
HWY_INLINE void eliminate_row(const NewtonView& view, const NewtonLanes& lanes, std::int32_t i, std::size_t first) {
  const D d;
  const std::size_t bus = at(i) * 2 * W + first;
  Number x = load_number(lanes.residual + bus);
  x.re = i >= view.active ? hn::Zero(d) : x.re;
  x.im = hn::IfThenElseZero(lane_mask(lanes.v_free[i], first), x.im);
  Number border{hn::Zero(d), hn::Zero(d)};
  if (lanes.border != nullptr && i < view.active) border.re = hn::Load(d, lanes.border + bus);
  for (std::int32_t e = view.lower_start[i]; e < view.lower_start[i + 1]; ++e) {
    const std::int32_t j = view.lower_column[e];
    const Block l = multiply(load_block(lanes.place[j]), load_block(lanes.inverse + at(j) * 4 * W + first));
    subtract_product(l, load_number(lanes.x + at(j) * 2 * W + first), x);
    if (lanes.border != nullptr) {
      subtract_product(l, load_number(lanes.border + at(j) * 2 * W + first), border);
    }
    for (std::int32_t k = view.upper_start[j]; k < view.upper_start[j + 1]; ++k) {
      const std::int32_t column = view.upper_column[k];
      if (column >= lanes.rows) break;
      subtract_product(l, load_block(lanes.upper + at(k) * 4 * W + first), lanes.place[column]);
    }
  }
  store_block(inverse(load_block(lanes.place[i])), lanes.place[i]);
  store_number(x, lanes.x + bus);
  if (lanes.border != nullptr) store_number(border, lanes.border + bus);
}

HWY_INLINE void substitute_back(const NewtonView& view, const NewtonLanes& lanes, double* x, std::size_t first) {
  for (std::int32_t i = lanes.rows - 1; i >= 0; --i) {
    Number n = load_number(x + at(i) * 2 * W + first);
    for (std::int32_t k = view.upper_start[i]; k < view.upper_start[i + 1]; ++k) {
      const std::int32_t column = view.upper_column[k];
      if (column >= lanes.rows) break;
      subtract_product(load_block(lanes.upper + at(k) * 4 * W + first), load_number(x + at(column) * 2 * W + first), n);
    }
    store_number(multiply(load_block(lanes.inverse + at(i) * 4 * W + first), n), x + at(i) * 2 * W + first);
  }
}

void solve(const NewtonView& view, const NewtonLanes& lanes) {
  for (std::size_t first = 0; first < W; first += k_width) {
    const NewtonPatch* patch = lanes.patch;
    for (std::int32_t i = 0; i < lanes.rows; ++i) {
      fill_row(view, lanes, i, first);
      patch_row(view, lanes, i, first, patch);
      eliminate_row(view, lanes, i, first);
    }
    substitute_back(view, lanes, lanes.x, first);
    if (lanes.border != nullptr) substitute_back(view, lanes, lanes.border, first);
  }
}

/// 1 + u times exp(rho) to second order and exp(j theta) by the Cayley transform, which keeps the modulus.
void move(std::int32_t positions, const double* x, const double* length, const double* from, double* to) {
  const D d;
  const auto half = hn::Set(d, 0.5);
  const auto one = hn::Set(d, 1.0);
  for (std::size_t first = 0; first < W; first += k_width) {
    const auto mu = hn::Load(d, length + first);
    const auto moves = hn::Gt(mu, hn::Zero(d));
    for (std::int32_t i = 0; i < positions; ++i) {
      const std::size_t bus = at(i) * 2 * W + first;
      const Number z = load_number(x + bus);
      const Number u = load_number(from + bus);
      const auto theta = hn::Mul(mu, z.re);
      const auto rho = hn::Mul(mu, z.im);
      const auto h = hn::Mul(half, theta);
      const auto n = hn::Div(theta, hn::MulAdd(h, h, one));
      const auto m = hn::Neg(hn::Mul(h, n));
      const auto s = hn::MulAdd(hn::Mul(half, rho), rho, rho);
      const auto p = hn::MulAdd(s, m, hn::Add(m, s));
      const auto q = hn::MulAdd(s, n, n);
      const auto re = hn::NegMulAdd(u.im, q, hn::MulAdd(u.re, p, hn::Add(u.re, p)));
      const auto im = hn::MulAdd(u.im, p, hn::MulAdd(u.re, q, hn::Add(u.im, q)));
      const Number stays = load_number(to + bus);
      store_number({hn::IfThenElse(moves, re, stays.re), hn::IfThenElse(moves, im, stays.im)}, to + bus);
    }
  }
}

void polar(std::int32_t positions, const double* state, double* modulus_and_angle) {
  const D d;
  for (std::size_t first = 0; first < W; first += k_width) {
    for (std::int32_t i = 0; i < positions; ++i) {
      const std::size_t bus = at(i) * 2 * W + first;
      Number w = load_number(state + bus);
      w.re = hn::Add(w.re, hn::Set(d, 1.0));
      const auto modulus = hn::Sqrt(hn::MulAdd(w.re, w.re, hn::Mul(w.im, w.im)));
      store_number({modulus, angle_deg(d, w.re, w.im, modulus)}, modulus_and_angle + bus);
    }
  }
}

}  // namespace

const NewtonKernels* newton_kernels() {
  static constexpr NewtonKernels table{mismatch, solve, move, polar};
  return &table;
}

}  // namespace gridplus::powerflow::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "sim/powerflow/instruction_sets.hpp"

namespace gridplus::powerflow {

const NewtonKernels& newton_kernels(std::string_view name) {
  constexpr std::array<KernelCopy<NewtonKernels>, 4> copies{{{"scalar", HWY_CHOOSE_FALLBACK(newton_kernels)},
                                                             {"sse4", HWY_CHOOSE_SSE4(newton_kernels)},
                                                             {"avx2", HWY_CHOOSE_AVX2(newton_kernels)},
                                                             {"avx512", HWY_CHOOSE_AVX3(newton_kernels)}}};
  return copy_of(copies, name);
}

}  // namespace gridplus::powerflow
#endif  // HWY_ONCE
