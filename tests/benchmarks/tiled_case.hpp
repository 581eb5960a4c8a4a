// Large meshed grids for measuring growth: a case laid out many times in rows and columns.
#pragma once

#include <string>

#include "tests/sim/powerflow/public_case.hpp"

namespace gridplus::powerflow::test {

/// `rows` times `columns` copies of a solved case. Every tile is tied to the next one in its row and in its column by
/// four branches of 0.01 p.u. between the same buses of both, which carry nothing at the case's own loads. The slack
/// bus of the first tile stays; the others hold their voltage and give what they give in the case.
inline matpower::Snapshot tile(const PublicCase& one, std::size_t rows, std::size_t columns) {
  const Grid& grid = one.data.grid;
  const std::size_t buses = grid.bus_count();
  const FlowResult solved = evaluate(grid, one.admittance, one.base);
  GridBuilder builder(grid.base_mva());
  matpower::Snapshot tiled;
  const auto name = [buses](std::size_t tile_index, std::size_t bus) {
    return std::to_string(tile_index * buses + bus);
  };
  const auto repeat = [](const auto& from, auto& to) { to.insert(to.end(), from.begin(), from.end()); };
  for (std::size_t t = 0; t < rows * columns; ++t) {
    for (std::size_t i = 0; i < buses; ++i) {
      BusSpec bus;
      bus.name = name(t, i);
      bus.vn_kv = grid.bus().vn_kv[i];
      bus.gs_mw = grid.bus().gs_mw[i];
      bus.bs_mvar = grid.bus().bs_mvar[i];
      bus.in_service = grid.bus().in_service[i] != 0;
      builder.add(std::move(bus));
      const bool becomes_pv = t > 0 && one.data.type[i] == BusType::slack;
      tiled.type.push_back(becomes_pv ? BusType::pv : one.data.type[i]);
      tiled.p_mw.push_back(becomes_pv ? solved.p_mw[i] : one.data.p_mw[i]);
    }
    repeat(one.data.q_mvar, tiled.q_mvar);
    repeat(one.data.demand_mw, tiled.demand_mw);
    repeat(one.data.demand_mvar, tiled.demand_mvar);
    repeat(one.data.vm_set_pu, tiled.vm_set_pu);
    repeat(one.data.va_set_deg, tiled.va_set_deg);
    repeat(one.data.q_min_mvar, tiled.q_min_mvar);
    repeat(one.data.q_max_mvar, tiled.q_max_mvar);
    repeat(one.base.vm_pu, tiled.start.vm_pu);
    repeat(one.base.va_deg, tiled.start.va_deg);
  }
  std::size_t count = 0;
  const auto add = [&](BranchSpec branch, std::size_t from, std::size_t to, bool closed) {
    branch.name = std::to_string(count++);
    branch.from_bus = std::to_string(from);
    branch.to_bus = std::to_string(to);
    builder.add(std::move(branch));
    tiled.branch_closed.push_back(closed ? 1 : 0);
  };
  const BranchArrays& branch = grid.branch();
  for (std::size_t t = 0; t < rows * columns; ++t) {
    for (std::size_t k = 0; k < grid.branch_count(); ++k) {
      BranchSpec spec;
      spec.r_pu = branch.r_pu[k];
      spec.x_pu = branch.x_pu[k];
      spec.g_pu = branch.g_pu[k];
      spec.b_pu = branch.b_pu[k];
      spec.tap = branch.tap[k];
      spec.shift_deg = branch.shift_deg[k];
      add(spec, t * buses + branch.from[k].index(), t * buses + branch.to[k].index(), one.data.branch_closed[k] != 0);
    }
    BranchSpec tie;
    tie.x_pu = 0.01;
    const bool last_of_row = t % columns + 1 == columns;
    for (const std::size_t next : {last_of_row ? rows * columns : t + 1, t + columns}) {
      if (next >= rows * columns) continue;
      for (std::size_t k = 1; k <= 4; ++k) add(tie, t * buses + k * buses / 5, next * buses + k * buses / 5, true);
    }
  }
  Diagnostics diagnostics;
  tiled.grid = builder.build(diagnostics).grid;
  diagnostics.throw_if_any();
  return tiled;
}

}  // namespace gridplus::powerflow::test
