#include "sim/powerflow/security.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gridplus::powerflow {

namespace {

double fourth_power(double x) {
  return x * x * x * x;
}

void assess_branches(const Grid& grid, const Admittance& admittance, std::span<const Complex> voltage,
                     const SecurityLimits& limits, SecurityFigures& figures, std::vector<Violation>* violations) {
  for (std::size_t k = 0; k < grid.branch_count(); ++k) {
    const double rating = limits.rating_mva[k];
    const BranchAdmittance& y = admittance.branch[k];
    if (!std::isfinite(rating) || y.ft == Complex{}) continue;
    const Complex from = voltage[admittance.merged.into[grid.branch().from[k].index()]];
    const Complex to = voltage[admittance.merged.into[grid.branch().to[k].index()]];
    if (from == Complex{} || to == Complex{}) continue;
    const double mva = grid.base_mva() * std::max(std::abs(from * std::conj(y.ff * from + y.ft * to)),
                                                  std::abs(to * std::conj(y.tf * from + y.tt * to)));
    const double loading = mva / rating;
    if (figures.worst_branch == SecurityFigures::k_none || 100.0 * loading > figures.largest_loading_percent) {
      figures.largest_loading_percent = 100.0 * loading;
      figures.worst_branch = static_cast<std::uint32_t>(k);
    }
    if (loading <= 1.0 + k_loading_tolerance) continue;
    ++figures.overloads;
    figures.overload_index += 0.25 * fourth_power(loading);
    if (violations == nullptr) continue;
    violations->push_back({Violation::Kind::overload, static_cast<std::uint32_t>(k), mva, rating});
  }
}

void assess_buses(const MergedBuses& merged, const FlowState& state, const SecurityLimits& limits,
                  SecurityFigures& figures, std::vector<Violation>* violations) {
  for (std::size_t i = 0; i < state.vm_pu.size(); ++i) {
    const double vm = state.vm_pu[i];
    if (vm == 0.0 || !merged.stands_alone_or_first(i)) continue;
    const auto bus = static_cast<std::uint32_t>(i);
    if (figures.lowest_bus == SecurityFigures::k_none || vm < figures.lowest_vm_pu) {
      figures.lowest_vm_pu = vm;
      figures.lowest_bus = bus;
    }
    if (figures.highest_bus == SecurityFigures::k_none || vm > figures.highest_vm_pu) {
      figures.highest_vm_pu = vm;
      figures.highest_bus = bus;
    }
    const double low = limits.vm_min_pu[i];
    const double high = limits.vm_max_pu[i];
    if (vm >= low - k_voltage_tolerance_pu && vm <= high + k_voltage_tolerance_pu) continue;
    ++figures.voltage_violations;
    figures.voltage_index += 0.25 * fourth_power((vm - 0.5 * (low + high)) / (0.5 * (high - low)));
    if (violations == nullptr) continue;
    violations->push_back(
        {vm < low ? Violation::Kind::low_voltage : Violation::Kind::high_voltage, bus, vm, vm < low ? low : high});
  }
}

}  // namespace

SecurityLimits limits_of(const Grid& grid) {
  return {grid.branch().rating_mva, grid.bus().vm_min_pu, grid.bus().vm_max_pu};
}

SecurityLimits merged_limits(const SecurityLimits& limits, const MergedBuses& merged) {
  SecurityLimits out = limits;
  for (std::size_t i = 0; i < out.vm_min_pu.size(); ++i) {
    const std::size_t first = merged.into[i];
    out.vm_min_pu[first] = std::max(out.vm_min_pu[first], limits.vm_min_pu[i]);
    out.vm_max_pu[first] = std::min(out.vm_max_pu[first], limits.vm_max_pu[i]);
  }
  for (std::size_t i = 0; i < out.vm_min_pu.size(); ++i) {
    if (out.vm_min_pu[i] < out.vm_max_pu[i]) continue;
    out.vm_min_pu[i] = limits.vm_min_pu[i];
    out.vm_max_pu[i] = limits.vm_max_pu[i];
  }
  return out;
}

SecurityFigures assess_security(const Grid& grid, const Admittance& admittance, const FlowState& state,
                                const SecurityLimits& limits, std::vector<Violation>* violations) {
  ensure(limits.rating_mva.size() == grid.branch_count() && limits.vm_min_pu.size() == grid.bus_count() &&
             limits.vm_max_pu.size() == grid.bus_count() && state.vm_pu.size() == grid.bus_count(),
         "an assessment needs limits and voltages for every branch and bus");
  std::vector<Complex> voltage(grid.bus_count());
  for (std::size_t i = 0; i < voltage.size(); ++i) {
    voltage[i] = std::polar(state.vm_pu[i], state.va_deg[i] * std::numbers::pi / 180.0);
  }
  SecurityFigures figures;
  const MergedBuses& merged = admittance.merged;
  assess_branches(grid, admittance, voltage, limits, figures, violations);
  assess_buses(merged, state, merged.any() ? merged_limits(limits, merged) : limits, figures, violations);
  return figures;
}

}  // namespace gridplus::powerflow
