// A public case with its solution, and batches of flows around it: what the tests and the benchmark of the lane solver
// share.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>
#include <vector>

#include "scenarios/importers/matpower.hpp"
#include "sim/powerflow/reference/newton.hpp"

namespace gridplus::powerflow::test {

/// A case, the scalar Newton for it, and its solution if there is one.
struct PublicCase {
  matpower::Snapshot data;
  Admittance admittance;
  reference::NewtonSolver twin;
  FlowState base;
  bool solved;

  explicit PublicCase(matpower::Snapshot snapshot)
      : data(std::move(snapshot)),
        admittance(make_admittance(data.grid, data.branch_closed)),
        twin(data.grid, admittance),
        base(data.start),
        solved(twin.solve(data.input(), {.tolerance_pu = 1e-9}, base).converged()) {}
  explicit PublicCase(const std::filesystem::path& file)
      : PublicCase(matpower::make_snapshot(matpower::read_case(file))) {}
  PublicCase(const PublicCase&) = delete;  // the twin refers to the grid
  PublicCase& operator=(const PublicCase&) = delete;

  [[nodiscard]] static Complex wanted_mva(const FlowInput& flow, const FlowState& state, std::size_t i) {
    return Complex(flow.p_mw[i], flow.q_mvar[i]) + voltage_dependent_power(flow, i, state.vm_pu[i]).power_mva;
  }

  /// Largest mismatch of a state by the reference's evaluation of the equations. With shares, in a single island,
  /// what is missing is the sum over all buses.
  [[nodiscard]] double largest_mismatch_pu(const FlowInput& flow, const FlowState& state) const {
    const FlowResult result = evaluate(data.grid, admittance, state);
    double missing_mw = 0.0;
    for (std::size_t i = 0; i < flow.participation.size(); ++i) {
      if (flow.type[i] != BusType::out) missing_mw += result.p_mw[i] - wanted_mva(flow, state, i).real();
    }
    double largest = 0.0;
    for (std::size_t i = 0; i < flow.type.size(); ++i) {
      if (flow.type[i] == BusType::out || (flow.type[i] == BusType::slack && flow.participation.empty())) continue;
      const double share_mw = flow.participation.empty() ? 0.0 : flow.participation[i] * missing_mw;
      const Complex wanted = wanted_mva(flow, state, i);
      largest = std::max(largest, std::abs(result.p_mw[i] - wanted.real() - share_mw));
      if (flow.type[i] == BusType::pq) largest = std::max(largest, std::abs(result.q_mvar[i] - wanted.imag()));
    }
    return largest / data.grid.base_mva();
  }
};

/// Flows of a case in which every load's P and Q is multiplied by its own factor in [1 - spread, 1 + spread].
struct VariedLoads {
  std::vector<std::vector<double>> p_mw, q_mvar, vm_set_pu;
  std::vector<std::vector<double>> p_dependent_mw, q_dependent_mvar;
  std::vector<double> participation;
  std::vector<FlowInput> flows;

  VariedLoads(const matpower::Snapshot& data, std::size_t count, double spread) {
    std::mt19937_64 draw(1);
    std::uniform_real_distribution<double> change(-spread, spread);
    p_mw.assign(count, data.p_mw);
    q_mvar.assign(count, data.q_mvar);
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < data.p_mw.size(); ++i) {
        const double x = change(draw);
        p_mw[k][i] -= x * data.demand_mw[i];
        q_mvar[k][i] -= x * data.demand_mvar[i];
      }
      flows.push_back(data.input());
      flows.back().p_mw = p_mw[k];
      flows.back().q_mvar = q_mvar[k];
    }
  }
  VariedLoads(const VariedLoads&) = delete;  // the flows refer to the vectors
  VariedLoads& operator=(const VariedLoads&) = delete;

  /// What is missing is shared by all buses that hold a voltage, in equal parts.
  void share_missing_power(const matpower::Snapshot& data) {
    const auto holds = [](BusType type) { return type == BusType::pv || type == BusType::slack; };
    const auto holding = static_cast<double>(std::count_if(data.type.begin(), data.type.end(), holds));
    for (const BusType type : data.type) participation.push_back(holds(type) ? 1.0 / holding : 0.0);
    for (FlowInput& flow : flows) flow.participation = participation;
  }

  /// A third of each load's demand is of constant power, current and impedance each, at 1 p.u.
  void follow_the_voltage(const matpower::Snapshot& data) {
    for (std::size_t k = 0; k < flows.size(); ++k) {
      auto& p_third = p_dependent_mw.emplace_back(data.p_mw.size());
      auto& q_third = q_dependent_mvar.emplace_back(data.p_mw.size());
      for (std::size_t i = 0; i < p_third.size(); ++i) {
        p_third[i] = (p_mw[k][i] - data.p_mw[i] - data.demand_mw[i]) / 3.0;
        q_third[i] = (q_mvar[k][i] - data.q_mvar[i] - data.demand_mvar[i]) / 3.0;
        p_mw[k][i] -= 2.0 * p_third[i];
        q_mvar[k][i] -= 2.0 * q_third[i];
      }
      flows[k].p_current_mw = flows[k].p_impedance_mw = p_third;
      flows[k].q_current_mvar = flows[k].q_impedance_mvar = q_third;
    }
  }

  /// Every voltage set point times its own factor in [1 - spread, 1 + spread].
  void vary_set_points(double spread) {
    std::mt19937_64 draw(2);
    std::uniform_real_distribution<double> factor(1.0 - spread, 1.0 + spread);
    for (FlowInput& flow : flows) {
      auto& set = vm_set_pu.emplace_back(flow.vm_set_pu.begin(), flow.vm_set_pu.end());
      for (double& vm : set) vm *= factor(draw);
      flow.vm_set_pu = set;
    }
  }
};

/// Largest difference of voltage magnitudes.
inline double distance_pu(const FlowState& a, const FlowState& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.vm_pu.size(); ++i) largest = std::max(largest, std::abs(a.vm_pu[i] - b.vm_pu[i]));
  return largest;
}

}  // namespace gridplus::powerflow::test
