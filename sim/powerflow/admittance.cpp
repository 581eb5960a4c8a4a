// Branch admittances: MATPOWER User's Manual, section 3.2, equations (3.1) to (3.4), with the shunt conductance g
// beside the charging susceptance b. With y = 1/(r + jx), s = (g + jb)/2 and the ideal transformer of ratio
// a = tap exp(j shift) at the `from` end:
//
//   ff = (y + s) / tap^2     ft = -y / conj(a)
//   tf = -y / a              tt = y + s
#include "sim/powerflow/admittance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gridplus::powerflow {

namespace {

constexpr double k_radian = std::numbers::pi / 180.0;
constexpr double k_root_3 = std::numbers::sqrt3;

BranchAdmittance two_port(const BranchArrays& branch, std::size_t k, const TapRatio& transformer) {
  const Complex series = 1.0 / Complex(branch.r_pu[k], branch.x_pu[k]);
  const Complex half_shunt = 0.5 * Complex(branch.g_pu[k], branch.b_pu[k]);
  const double tap = transformer.tap;
  const Complex ratio = transformer.shift_deg == 0.0 ? Complex(tap) : std::polar(tap, transformer.shift_deg * k_radian);
  return {(series + half_shunt) / (tap * tap), -series / std::conj(ratio), -series / ratio, series + half_shunt};
}

/// Rows of the bus matrix: the bus itself and every bus a branch leads to, whether closed or not.
void make_pattern(const Grid& grid, Admittance& admittance) {
  const std::size_t buses = grid.bus_count();
  std::vector<std::vector<std::int32_t>> neighbours(buses);
  for (std::size_t i = 0; i < buses; ++i) neighbours[i].push_back(static_cast<std::int32_t>(i));
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    const std::uint32_t from = admittance.merged.into[grid.branch().from[k].index()];
    const std::uint32_t to = admittance.merged.into[grid.branch().to[k].index()];
    neighbours[from].push_back(static_cast<std::int32_t>(to));
    neighbours[to].push_back(static_cast<std::int32_t>(from));
  }
  admittance.row_start.assign(1, 0);
  admittance.diagonal.reserve(buses);
  for (std::size_t i = 0; i < buses; ++i) {
    auto& row = neighbours[i];
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    const auto own = std::lower_bound(row.begin(), row.end(), static_cast<std::int32_t>(i));
    admittance.diagonal.push_back(admittance.row_start.back() + static_cast<std::int32_t>(own - row.begin()));
    admittance.column.insert(admittance.column.end(), row.begin(), row.end());
    admittance.row_start.push_back(static_cast<std::int32_t>(admittance.column.size()));
  }
  admittance.value.assign(admittance.column.size(), Complex{});
}

Complex& entry(Admittance& admittance, std::uint32_t row, std::uint32_t column) {
  const auto begin = admittance.column.begin();
  const auto place = std::lower_bound(begin + admittance.row_start[row], begin + admittance.row_start[row + 1],
                                      static_cast<std::int32_t>(column));
  return admittance.value[static_cast<std::size_t>(place - begin)];
}

void resize(const Grid& grid, FlowResult& result) {
  for (auto* per_bus : {&result.p_mw, &result.q_mvar}) per_bus->resize(grid.bus_count());
  result.voltage_pu.resize(grid.bus_count());
  for (auto* per_branch : {&result.p_from_mw, &result.q_from_mvar, &result.p_to_mw, &result.q_to_mvar,
                           &result.i_from_ka, &result.i_to_ka, &result.loading_percent, &result.losses_mw}) {
    per_branch->resize(grid.branch_count());
  }
}

}  // namespace

Admittance make_admittance(const Grid& grid, std::span<const std::uint8_t> branch_closed,
                           std::span<const std::int32_t> tap_positions) {
  ensure(branch_closed.size() == grid.branch_count(), "make_admittance needs one switch state per branch");
  const std::span<const TapChanger> changers = grid.tap_changers();
  ensure(tap_positions.empty() || tap_positions.size() == changers.size(),
         "make_admittance needs one position per tap changer");
  Admittance admittance;
  admittance.merged = merge_buses(grid, branch_closed);
  make_pattern(grid, admittance);
  for (std::size_t i = 0; i < grid.bus_count(); ++i) {
    admittance.value[static_cast<std::size_t>(admittance.diagonal[admittance.merged.into[i]])] +=
        Complex(grid.bus().gs_mw[i], grid.bus().bs_mvar[i]) / grid.base_mva();
  }
  const auto& in_service = grid.bus().in_service;
  admittance.branch.resize(grid.branch_count());
  auto changer = changers.begin();
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    TapRatio ratio{grid.branch().tap[k], grid.branch().shift_deg[k]};
    if (changer != changers.end() && changer->branch.index() == k) {
      if (!tap_positions.empty())
        ratio = changer->at(tap_positions[static_cast<std::size_t>(changer - changers.begin())]);
      ++changer;
    }
    std::uint32_t from = grid.branch().from[k].index();
    std::uint32_t to = grid.branch().to[k].index();
    if (branch_closed[k] == 0 || in_service[from] == 0 || in_service[to] == 0 || grid.is_coupler(k)) continue;
    from = admittance.merged.into[from];
    to = admittance.merged.into[to];
    const BranchAdmittance y = two_port(grid.branch(), k, ratio);
    admittance.branch[k] = y;
    entry(admittance, from, from) += y.ff;
    entry(admittance, from, to) += y.ft;
    entry(admittance, to, from) += y.tf;
    entry(admittance, to, to) += y.tt;
  }
  return admittance;
}

void fold_roles(const MergedBuses& merged, std::span<BusType> type, std::span<double> vm_set_pu,
                std::span<double> va_set_deg) {
  const auto rank = [](BusType role) { return role == BusType::slack ? 2 : role == BusType::pv ? 1 : 0; };
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (merged.stands_alone_or_first(i)) continue;
    const std::size_t first = merged.into[i];
    if (type[i] != BusType::out && rank(type[i]) > rank(type[first])) {
      type[first] = type[i];
      if (!vm_set_pu.empty()) vm_set_pu[first] = vm_set_pu[i];
      if (!va_set_deg.empty()) va_set_deg[first] = va_set_deg[i];
    }
    type[i] = BusType::out;
  }
}

FlowResult evaluate(const Grid& grid, const Admittance& admittance, const FlowState& state) {
  FlowResult result;
  evaluate(grid, admittance, state, result);
  return result;
}

void evaluate(const Grid& grid, const Admittance& admittance, const FlowState& state, FlowResult& result) {
  resize(grid, result);
  for (std::size_t bus = 0; bus < grid.bus_count(); ++bus) {
    const std::size_t i = admittance.merged.into[bus];
    result.voltage_pu[bus] = Complex(state.vm_pu[i] * std::cos(state.va_deg[i] * k_radian),
                                     state.vm_pu[i] * std::sin(state.va_deg[i] * k_radian));
  }
  const auto& voltage = result.voltage_pu;
  const double base = grid.base_mva();
  for (std::size_t i = 0; i < grid.bus_count(); ++i) {
    Complex current{};
    for (auto e = static_cast<std::size_t>(admittance.row_start[i]);
         e < static_cast<std::size_t>(admittance.row_start[i + 1]); ++e) {
      current += admittance.value[e] * voltage[static_cast<std::size_t>(admittance.column[e])];
    }
    const Complex power = base * voltage[i] * std::conj(current);
    result.p_mw[i] = power.real();
    result.q_mvar[i] = power.imag();
  }
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    const Complex from = voltage[grid.branch().from[k].index()];
    const Complex to = voltage[grid.branch().to[k].index()];
    const BranchAdmittance& y = admittance.branch[k];
    const Complex i_from = y.ff * from + y.ft * to, i_to = y.tf * from + y.tt * to;
    const Complex s_from = base * from * std::conj(i_from);
    const Complex s_to = base * to * std::conj(i_to);
    result.i_from_ka[k] = std::abs(i_from) * base / (k_root_3 * grid.bus().vn_kv[grid.branch().from[k].index()]);
    result.i_to_ka[k] = std::abs(i_to) * base / (k_root_3 * grid.bus().vn_kv[grid.branch().to[k].index()]);
    result.p_from_mw[k] = s_from.real();
    result.q_from_mvar[k] = s_from.imag();
    result.p_to_mw[k] = s_to.real();
    result.q_to_mvar[k] = s_to.imag();
    // x / infinity = 0: an unlimited branch is never loaded.
    result.loading_percent[k] = 100.0 * std::max(std::abs(s_from), std::abs(s_to)) / grid.branch().rating_mva[k];
    result.losses_mw[k] = s_from.real() + s_to.real();
  }
}

}  // namespace gridplus::powerflow
