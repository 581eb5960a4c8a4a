#include "sim/powerflow/lane_base.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "sim/powerflow/solution_branch.hpp"

namespace gridplus::powerflow {

namespace {

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

/// End of row i of U without the slack columns.
std::size_t upper_end(const LanePattern& pattern, std::size_t i) {
  std::size_t end = at(pattern.upper.start[i + 1]);
  while (end > at(pattern.upper.start[i]) && pattern.upper.column[end - 1] >= pattern.active) --end;
  return end;
}

/// A 2x2 block by rows: (P, Q) by (theta, rho).
using Block = std::array<double, 4>;

Block multiply(const Block& a, const Block& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]};
}

void subtract(Block& a, const Block& b) {
  for (std::size_t k = 0; k < 4; ++k) a[k] -= b[k];
}

/// False where the block has no finite inverse.
bool invert(Block& a) {
  const double determinant = a[0] * a[3] - a[1] * a[2];
  const double inverse = 1.0 / determinant;
  a = {a[3] * inverse, -a[1] * inverse, -a[2] * inverse, a[0] * inverse};
  return std::isfinite(inverse);
}

/// L (unit diagonal), U and the inverse of its diagonal blocks, in double.
struct ScalarFactor {
  std::vector<Block> lower, upper, inverse;
};

/// Writes factor rows as the streams of a FactorView.
class Stream {
 public:
  Stream(std::int32_t active, const std::vector<std::uint8_t>& is_pv, std::vector<std::int32_t>& count,
         std::vector<std::int32_t>& column, std::vector<float>& value)
      : active_(active), is_pv_(is_pv), count_(count), column_(column), value_(value) {}

  void add_diagonal(std::size_t row, const Block& block) {
    value_.push_back(static_cast<float>(block[0]));
    if (is_pv_[row] != 0) return;
    for (std::size_t k = 1; k < 4; ++k) value_.push_back(static_cast<float>(block[k]));
  }

  /// PQ columns first, then PV columns.
  template <class BlockOf>
  void add_row(std::size_t row, std::span<const std::int32_t> columns, const BlockOf& block_of) {
    for (const bool pv : {false, true}) {
      std::int32_t count = 0;
      for (std::size_t k = 0; k < columns.size(); ++k) {
        if (columns[k] >= active_) break;
        if ((is_pv_[at(columns[k])] != 0) != pv) continue;
        const Block block = block_of(k);
        ++count;
        column_.push_back(columns[k]);
        for (const std::size_t equation : {0U, 1U}) {
          if (equation == 1 && is_pv_[row] != 0) continue;
          value_.push_back(static_cast<float>(block[2 * equation]));
          if (!pv) value_.push_back(static_cast<float>(block[2 * equation + 1]));
        }
      }
      count_[2 * row + (pv ? 1 : 0)] = count;
    }
  }

 private:
  std::int32_t active_;
  const std::vector<std::uint8_t>& is_pv_;
  std::vector<std::int32_t>& count_;
  std::vector<std::int32_t>& column_;
  std::vector<float>& value_;
};

/// The Jacobian's block (row, column) at the base state; identity in place of what a PV bus does not have.
Block jacobian_block(Complex coupling, Complex injection, Complex slope, bool diagonal, bool row_is_pv,
                     bool column_is_pv) {
  const double a = coupling.real();
  const double b = coupling.imag();
  Block block{b, a, -a, b};
  if (diagonal) {
    block[0] -= injection.imag();
    block[1] += injection.real() - slope.real();
    block[2] += injection.real();
    block[3] += injection.imag() - slope.imag();
  }
  if (column_is_pv) block[1] = block[3] = 0.0;
  if (row_is_pv) block[2] = block[3] = 0.0;
  if (diagonal && row_is_pv) block[3] = 1.0;
  return block;
}

/// J^-T r in place: U^T from the first row, then L^T from the last.
void solve_transposed(const LanePattern& pattern, const ScalarFactor& f, std::vector<double>& r) {
  const auto subtract_transposed = [&r](const Block& block, std::size_t from, std::size_t to) {
    r[2 * to] -= block[0] * r[2 * from] + block[2] * r[2 * from + 1];
    r[2 * to + 1] -= block[1] * r[2 * from] + block[3] * r[2 * from + 1];
  };
  const auto active = at(pattern.active);
  for (std::size_t i = 0; i < active; ++i) {
    const Block& inverse = f.inverse[i];
    const double first = r[2 * i];
    const double second = r[2 * i + 1];
    r[2 * i] = inverse[0] * first + inverse[2] * second;
    r[2 * i + 1] = inverse[1] * first + inverse[3] * second;
    for (auto k = at(pattern.upper.start[i]); k < upper_end(pattern, i); ++k) {
      subtract_transposed(f.upper[k], i, at(pattern.upper.column[k]));
    }
  }
  for (std::size_t i = active; i-- > 0;) {
    for (auto e = at(pattern.lower.start[i]); e < at(pattern.lower.start[i + 1]); ++e) {
      subtract_transposed(f.lower[e], i, at(pattern.lower.column[e]));
    }
  }
}

}  // namespace

std::vector<Complex> voltage_slopes_mva(const FlowInput& flow, const FlowState& state) {
  std::vector<Complex> slopes_mva;
  if (flow.voltage_dependent())
    for (std::size_t b = 0; b < state.vm_pu.size(); ++b)
      slopes_mva.push_back(voltage_dependent_power(flow, b, state.vm_pu[b]).slope_mva);
  return slopes_mva;
}

LaneBase::LaneBase(const Admittance& admittance, double base_mva, std::span<const BusType> type, const FlowState& base)
    : LaneBase(std::make_shared<const LanePattern>(make_lane_pattern(admittance, type)), admittance, base_mva, type,
               base) {}

LaneBase::LaneBase(std::shared_ptr<const LanePattern> pattern, const Admittance& admittance, double base_mva,
                   std::span<const BusType> type, const FlowState& base, std::span<const Complex> slope_mva)
    : pattern_(std::move(pattern)), type_(type.begin(), type.end()), base_mva_(base_mva) {
  ensure(base.vm_pu.size() == type.size() && base.va_deg.size() == type.size(), "the base state misses buses");
  for (auto* numbers : {&vm_pu_, &va_deg_}) numbers->reserve(pattern_->bus.size());
  is_pv_.reserve(pattern_->bus.size());
  pv_row_.reserve(pattern_->bus.size());
  for (const std::int32_t bus : pattern_->bus) {
    vm_pu_.push_back(base.vm_pu[at(bus)]);
    va_deg_.push_back(base.va_deg[at(bus)]);
    is_pv_.push_back(type_[at(bus)] == BusType::pv ? 1 : 0);
    if (type_[at(bus)] != BusType::pq) held_.push_back(static_cast<std::int32_t>(pv_row_.size()));
    pv_row_.push_back(is_pv_.back() != 0 ? pv_count_++ : -1);
  }
  make_couplings(admittance);
  find_islands();
  factor_base(slope_mva);
}

void LaneBase::make_couplings(const Admittance& admittance) {
  std::vector<Complex> voltage;
  voltage.reserve(vm_pu_.size());
  coupling_.reserve(2 * pattern_->coupling.column.size());
  injection_.reserve(2 * vm_pu_.size());
  for (std::size_t k = 0; k < vm_pu_.size(); ++k) {
    voltage.push_back(std::polar(vm_pu_[k], va_deg_[k] * std::numbers::pi / 180.0));
  }
  for (std::size_t i = 0; i < pattern_->coupling.size(); ++i) {
    Complex sum{};
    for (auto e = at(pattern_->coupling.start[i]); e < at(pattern_->coupling.start[i + 1]); ++e) {
      const Complex y = admittance.value[at(pattern_->coupling_entry[e])];
      const Complex a = voltage[i] * std::conj(y * voltage[at(pattern_->coupling.column[e])]);
      sum += a;
      coupling_.insert(coupling_.end(), {a.real(), a.imag()});
    }
    injection_.insert(injection_.end(), {sum.real(), sum.imag()});
  }
  coupling32_.assign(coupling_.begin(), coupling_.end());
}

/// Spreads from every slack bus over the couplings.
void LaneBase::find_islands() {
  island_.assign(at(pattern_->positions()), -1);
  std::vector<std::int32_t> reached;
  for (std::int32_t s = pattern_->active; s < pattern_->positions(); ++s) {
    island_[at(s)] = s - pattern_->active;
    reached.assign(1, s);
    while (!reached.empty()) {
      const std::int32_t i = reached.back();
      reached.pop_back();
      for (const std::int32_t j : pattern_->coupling.row(at(i))) {
        if (island_[at(j)] >= 0) continue;
        island_[at(j)] = island_[at(s)];
        reached.push_back(j);
      }
    }
  }
}

/// Row by row (Doolittle): row i of A becomes rows i of L and U by subtracting multiples of the rows of U above it.
void LaneBase::factor_base(std::span<const Complex> slope_mva) {
  const auto active = at(pattern_->active);
  ScalarFactor f{std::vector<Block>(pattern_->lower.column.size()), std::vector<Block>(pattern_->upper.column.size()),
                 std::vector<Block>(active)};
  std::vector<Block> work(active, Block{});
  factored_ = true;
  negative_pivots_.assign(at(pattern_->slack), 0);
  for (std::size_t i = 0; i < active; ++i) {
    const Complex slope = slope_mva.empty() ? Complex{} : slope_mva[at(pattern_->bus[i])] / base_mva_;
    for (auto e = at(pattern_->coupling.start[i]); e < at(pattern_->coupling.start[i + 1]); ++e) {
      const std::size_t j = at(pattern_->coupling.column[e]);
      if (j >= active) continue;
      work[j] = jacobian_block({coupling_[2 * e], coupling_[2 * e + 1]}, {injection_[2 * i], injection_[2 * i + 1]},
                               slope, i == j, is_pv_[i] != 0, is_pv_[j] != 0);
    }
    for (auto e = at(pattern_->lower.start[i]); e < at(pattern_->lower.start[i + 1]); ++e) {
      const std::size_t j = at(pattern_->lower.column[e]);
      f.lower[e] = multiply(work[j], f.inverse[j]);
      work[j] = Block{};
      for (auto k = at(pattern_->upper.start[j]); k < upper_end(*pattern_, j); ++k) {
        subtract(work[at(pattern_->upper.column[k])], multiply(f.lower[e], f.upper[k]));
      }
    }
    f.inverse[i] = work[i];
    if (island_[i] >= 0)
      negative_pivots_[at(island_[i])] +=
          powerflow::negative_pivots(work[i][0] + work[i][3], work[i][0] * work[i][3] - work[i][1] * work[i][2]);
    work[i] = Block{};
    factored_ = invert(f.inverse[i]) && factored_;
    for (auto k = at(pattern_->upper.start[i]); k < upper_end(*pattern_, i); ++k) {
      f.upper[k] = work[at(pattern_->upper.column[k])];
      work[at(pattern_->upper.column[k])] = Block{};
    }
  }
  // Islands share no row: the rows of their slack buses are solved for together.
  adjoint_.assign(2 * active, 0.0);
  for (auto s = active; s < at(pattern_->positions()); ++s) {
    for (auto e = at(pattern_->coupling.start[s]); e < at(pattern_->coupling.start[s + 1]); ++e) {
      const std::size_t j = at(pattern_->coupling.column[e]);
      if (j >= active) continue;
      adjoint_[2 * j] = coupling_[2 * e + 1];
      adjoint_[2 * j + 1] = is_pv_[j] != 0 ? 0.0 : coupling_[2 * e];
    }
  }
  solve_transposed(*pattern_, f, adjoint_);
  lower_count_.resize(2 * active);
  upper_count_.resize(2 * active);
  for (auto* columns : {&lower_column_, &upper_column_}) columns->reserve(pattern_->lower.column.size());
  for (auto* values : {&lower_value_, &upper_value_}) values->reserve(4 * (pattern_->lower.column.size() + active));
  Stream lower(pattern_->active, is_pv_, lower_count_, lower_column_, lower_value_);
  Stream upper(pattern_->active, is_pv_, upper_count_, upper_column_, upper_value_);
  for (std::size_t i = 0; i < active; ++i) {
    lower.add_row(i, pattern_->lower.row(i), [&](std::size_t k) { return f.lower[at(pattern_->lower.start[i]) + k]; });
  }
  for (std::size_t i = active; i-- > 0;) {
    upper.add_diagonal(i, f.inverse[i]);
    upper.add_row(i, pattern_->upper.row(i),
                  [&](std::size_t k) { return multiply(f.inverse[i], f.upper[at(pattern_->upper.start[i]) + k]); });
  }
}

BusView LaneBase::buses() const {
  return {static_cast<std::int32_t>(type_.size()),
          pattern_->position.data(),
          base_mva_,
          injection_.data(),
          vm_pu_.data(),
          va_deg_.data(),
          pv_row_.data()};
}

NewtonView LaneBase::newton() const {
  return {pattern_->active,
          pattern_->positions(),
          pattern_->coupling.start.data(),
          pattern_->coupling.column.data(),
          coupling_.data(),
          injection_.data(),
          pattern_->lower.start.data(),
          pattern_->lower.column.data(),
          pattern_->upper.start.data(),
          pattern_->upper.column.data()};
}

CouplingView LaneBase::coupling() const {
  return {pattern_->active,
          pattern_->coupling.start.data(),
          pattern_->coupling.column.data(),
          coupling_.data(),
          coupling32_.data(),
          injection_.data(),
          is_pv_.data()};
}

FactorView LaneBase::factor() const {
  return {pattern_->active,    is_pv_.data(),       lower_count_.data(),  lower_column_.data(),
          lower_value_.data(), upper_count_.data(), upper_column_.data(), upper_value_.data()};
}

}  // namespace gridplus::powerflow
