// Small grids and flows for the tests of the power-flow solvers.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/powerflow/admittance.hpp"
#include "sim/powerflow/flow.hpp"

namespace gridplus::powerflow::test {

struct Link {
  std::size_t from = 0, to = 0;
  double r_pu = 0.0, x_pu = 0.1, b_pu = 0.0, tap = 1.0, shift_deg = 0.0, g_pu = 0.0;
  std::optional<TapChangerSpec> tap_changer = {};
};

/// A grid on a base of 100 MVA, with shunts gs + j bs (MW, MVAr at 1 p.u.) where given.
inline Grid make_grid(std::size_t buses, const std::vector<Link>& links,
                      const std::vector<std::pair<double, double>>& shunts = {}) {
  GridBuilder builder(100.0);
  for (std::size_t i = 0; i < buses; ++i) {
    BusSpec bus;
    bus.name = std::to_string(i);
    if (!shunts.empty()) {
      bus.gs_mw = shunts[i].first;
      bus.bs_mvar = shunts[i].second;
    }
    builder.add(std::move(bus));
  }
  for (std::size_t k = 0; k < links.size(); ++k) {
    const Link& link = links[k];
    BranchSpec branch;
    branch.name = std::to_string(k);
    branch.from_bus = std::to_string(link.from);
    branch.to_bus = std::to_string(link.to);
    branch.r_pu = link.r_pu;
    branch.x_pu = link.x_pu;
    branch.b_pu = link.b_pu;
    branch.g_pu = link.g_pu;
    branch.tap = link.tap;
    branch.shift_deg = link.shift_deg;
    branch.rating_mva = 100.0;
    branch.tap_changer = link.tap_changer;
    if (link.r_pu == 0.0 && link.x_pu == 0.0) branch.kind = BranchKind::coupler;
    builder.add(std::move(branch));
  }
  Diagnostics diagnostics;
  Grid grid = builder.build(diagnostics).grid;
  diagnostics.throw_if_any();
  return grid;
}

/// The figures of a flow; everything 0, types pq, set points 1 p.u.
struct Flow {
  std::vector<double> p_mw, q_mvar, vm_set_pu, va_set_deg, participation, q_min_mvar, q_max_mvar;
  std::vector<double> p_current_mw, q_current_mvar, p_impedance_mw, q_impedance_mvar;
  std::vector<BusType> type;

  explicit Flow(std::size_t buses)
      : p_mw(buses), q_mvar(buses), vm_set_pu(buses, 1.0), va_set_deg(buses), type(buses, BusType::pq) {}

  /// Makes room for voltage-dependent injections, all 0.
  void make_voltage_dependent() {
    for (auto* part : {&p_current_mw, &q_current_mvar, &p_impedance_mw, &q_impedance_mvar})
      part->assign(p_mw.size(), 0.0);
  }

  [[nodiscard]] FlowInput input() const {
    FlowInput input;
    input.p_mw = p_mw;
    input.q_mvar = q_mvar;
    input.type = type;
    input.vm_set_pu = vm_set_pu;
    input.va_set_deg = va_set_deg;
    input.participation = participation;
    input.q_min_mvar = q_min_mvar;
    input.q_max_mvar = q_max_mvar;
    input.p_current_mw = p_current_mw;
    input.q_current_mvar = q_current_mvar;
    input.p_impedance_mw = p_impedance_mw;
    input.q_impedance_mvar = q_impedance_mvar;
    return input;
  }
};

inline FlowState flat_start(std::size_t buses) {
  return {std::vector<double>(buses, 1.0), std::vector<double>(buses, 0.0)};
}

}  // namespace gridplus::powerflow::test
