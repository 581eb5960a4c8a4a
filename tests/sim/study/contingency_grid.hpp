// Small cases for tests of contingencies.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/study/contingencies.hpp"
#include "tests/sim/powerflow/small_grid.hpp"

namespace gridplus::study::test {

/// Buses with 10 MW of demand each, a slack unit at bus 0, other units where `units` says so; branch k is named "k".
inline ContingencyCase make_case(std::size_t buses, const std::vector<powerflow::test::Link>& links,
                                 const std::vector<ContingencyUnit>& units = {}) {
  ContingencyCase data;
  data.grid = powerflow::test::make_grid(buses, links);
  for (std::size_t k = 0; k < links.size(); ++k) data.names.branch.push_back(std::to_string(k));
  for (std::size_t i = 0; i < buses; ++i) data.names.bus.push_back(std::to_string(i));
  data.branch_closed = data.grid.initially_closed();
  data.p_mw.assign(buses, -10.0);
  data.q_mvar.assign(buses, -2.0);
  data.demand_mw.assign(buses, 10.0);
  data.type.assign(buses, powerflow::BusType::pq);
  data.type[0] = powerflow::BusType::slack;
  data.vm_set_pu.assign(buses, 1.0);
  data.units = {{.name = "slack unit", .bus = 0, .holds_voltage = true}};
  for (const ContingencyUnit& unit : units) {
    data.units.push_back(unit);
    data.p_mw[unit.bus] += unit.p_mw;
    data.q_mvar[unit.bus] += unit.q_mvar;
    if (unit.holds_voltage && unit.bus != 0) data.type[unit.bus] = powerflow::BusType::pv;
  }
  data.limits = powerflow::limits_of(data.grid);
  data.state = powerflow::test::flat_start(buses);
  EXPECT_TRUE(solve_base(data, {}).converged());
  return data;
}

inline powerflow::test::Link line(std::size_t from, std::size_t to) {
  return {.from = from, .to = to, .r_pu = 0.01, .x_pu = 0.05};
}

}  // namespace gridplus::study::test
