// Small cases for tests of contingencies.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/study/contingencies.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::study::test {

/// Buses with the same demand and no units but the slack bus, not solved; branch k is named "k".
inline ContingencyCase bare_case(std::size_t buses, const std::vector<powerflow::test::Link>& links, double demand_mw,
                                 double vm_set_pu) {
  ContingencyCase data;
  data.grid = powerflow::test::make_grid(buses, links);
  for (std::size_t k = 0; k < links.size(); ++k) data.names.branch.push_back(std::to_string(k));
  for (std::size_t i = 0; i < buses; ++i) data.names.bus.push_back(std::to_string(i));
  data.branch_closed = data.grid.initially_closed();
  data.p_mw.assign(buses, -demand_mw);
  data.q_mvar.assign(buses, -2.0);
  data.demand_mw.assign(buses, demand_mw);
  data.type.assign(buses, powerflow::BusType::pq);
  data.type[0] = powerflow::BusType::slack;
  data.vm_set_pu.assign(buses, vm_set_pu);
  data.limits = powerflow::limits_of(data.grid);
  data.state = powerflow::test::flat_start(buses);
  return data;
}

/// Adds a unit, and what it injects and holds.
inline void add_unit(ContingencyCase& data, const ContingencyUnit& unit) {
  data.units.push_back(unit);
  data.p_mw[unit.bus] += unit.p_mw;
  data.q_mvar[unit.bus] += unit.q_mvar;
  if (unit.holds_voltage && unit.bus != 0) data.type[unit.bus] = powerflow::BusType::pv;
}

/// Buses with 10 MW of demand each, a slack unit at bus 0, other units where `units` says so.
inline ContingencyCase make_case(std::size_t buses, const std::vector<powerflow::test::Link>& links,
                                 const std::vector<ContingencyUnit>& units = {}) {
  ContingencyCase data = bare_case(buses, links, 10.0, 1.0);
  add_unit(data, {.name = "slack unit", .bus = 0, .holds_voltage = true});
  for (const ContingencyUnit& unit : units) add_unit(data, unit);
  EXPECT_TRUE(solve_base(data, {}).converged());
  return data;
}

inline powerflow::test::Link line(std::size_t from, std::size_t to) {
  return {.from = from, .to = to, .r_pu = 0.01, .x_pu = 0.05};
}

}  // namespace gridplus::study::test
