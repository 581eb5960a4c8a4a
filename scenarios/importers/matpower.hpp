// MATPOWER case files (`.m`, case format version 2), read as data.
//
// A case file is a MATLAB function, but it is parsed and never evaluated: assignments of numbers, strings, matrices and
// cell arrays of strings to `mpc.` fields, and the few closing statements by which MATPOWER's radial cases turn ohms
// and kW into per unit and MW. Anything else is an InputError with its line. Format: MATPOWER User's Manual, appendix
// B.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/grid/grid.hpp"
#include "sim/grid/merged_buses.hpp"
#include "sim/powerflow/flow.hpp"

namespace gridplus::matpower {

/// Rows of `mpc.bus`. `line` is the line of the file in every struct here.
struct Bus {
  int number = 0;
  int type = 1;  ///< 1 PQ, 2 PV, 3 reference, 4 isolated
  double pd_mw = 0.0, qd_mvar = 0.0;
  double gs_mw = 0.0, bs_mvar = 0.0;
  int area = 1;
  double vm_pu = 1.0, va_deg = 0.0;
  double base_kv = 0.0;  ///< 0: not given
  int zone = 1;
  double vm_max_pu = 1.1, vm_min_pu = 0.9;
  int line = 0;
};

/// Rows of `mpc.gen`. Limits may be infinite.
struct Generator {
  int bus = 0;
  double pg_mw = 0.0, qg_mvar = 0.0;
  double q_max_mvar = 0.0, q_min_mvar = 0.0;
  double vg_pu = 1.0;
  double mbase_mva = 0.0;
  bool in_service = true;
  double p_max_mw = 0.0, p_min_mw = 0.0;
  double ramp_10_mw = 0.0, ramp_30_mw = 0.0;  ///< 0: not given
  int line = 0;
};

/// Rows of `mpc.branch`.
struct Branch {
  int from = 0, to = 0;
  double r_pu = 0.0, x_pu = 0.0, b_pu = 0.0;
  double rate_a_mva = 0.0, rate_b_mva = 0.0, rate_c_mva = 0.0;  ///< 0: unlimited
  double ratio = 0.0;                                           ///< 0: a line
  double shift_deg = 0.0;
  bool in_service = true;
  double angle_min_deg = -360.0, angle_max_deg = 360.0;
  int line = 0;
};

struct CostPoint {
  double p_mw = 0.0;
  double cost_per_h = 0.0;
};

/// Rows of `mpc.gencost`: a polynomial, highest power first, or the points of a piecewise linear function.
struct GeneratorCost {
  double startup = 0.0, shutdown = 0.0;
  std::vector<double> polynomial;  ///< empty for a piecewise linear cost
  std::vector<CostPoint> points;   ///< empty for a polynomial; p_mw ascending
  int line = 0;
};

/// Rows of `mpc.dcline`.
struct DcLine {
  int from = 0, to = 0;
  bool in_service = true;
  double p_from_mw = 0.0, p_to_mw = 0.0;      ///< flow: out of the `from` bus, into the `to` bus
  double q_from_mvar = 0.0, q_to_mvar = 0.0;  ///< injected into each bus
  double vm_from_pu = 1.0, vm_to_pu = 1.0;
  double p_min_mw = 0.0, p_max_mw = 0.0;
  double loss_mw = 0.0, loss_share = 0.0;  ///< loss = loss_mw + loss_share * p_from_mw
  int line = 0;
};

struct Case {
  std::string file;
  std::string name;  ///< of the function; empty if the file has none
  double base_mva = 100.0;
  std::vector<Bus> buses;
  std::vector<Generator> generators;
  std::vector<Branch> branches;
  std::vector<GeneratorCost> generator_costs;           ///< one per generator, or empty
  std::vector<GeneratorCost> generator_reactive_costs;  ///< one per generator, or empty
  std::vector<DcLine> dc_lines;
  std::vector<std::string> bus_names;                         ///< one per bus, or empty
  std::vector<std::string> generator_names;                   ///< one per generator, or empty
  std::vector<std::string> generator_types, generator_fuels;  ///< one per generator, or empty
};

/// Files larger than this are refused.
inline constexpr std::size_t k_largest_file_bytes = std::size_t{256} << 20;

/// Parses a case. Throws InputError with every problem of the data found, or with the first problem of the syntax.
[[nodiscard]] Case parse(std::string_view text, std::string_view file_name);

/// Reads and parses a case file. Throws IoError if it cannot be read, InputError as `parse`.
[[nodiscard]] Case read_case(const std::filesystem::path& file);

/// A case as the power flow it describes, in the way of MATPOWER's `runpf`: units in service only; a PV or reference
/// bus without one is PQ; of several units on a bus the last sets the voltage; without a reference bus the first PV
/// bus of an island is it; an island without either is out. DC lines are left out, as `runpf` does. Branches
/// with r = x = 0, which MATPOWER cannot solve, are couplers: their buses are one.
struct Snapshot {
  Grid grid;
  GridNames names;  ///< buses are named by their number, branches `from-to`, parallel ones `from-to#2` and so on
  std::vector<std::uint8_t> branch_closed;
  std::vector<double> p_mw, q_mvar;            ///< generation minus demand per bus
  std::vector<double> demand_mw, demand_mvar;  ///< per bus
  std::vector<powerflow::BusType> type;
  std::vector<double> vm_set_pu, va_set_deg;
  std::vector<double> q_min_mvar, q_max_mvar;  ///< of the bus: limits of its units minus its demand
  MergedBuses merged;  ///< by branches without impedance: injections and roles are those of a group at its first bus
  powerflow::FlowState start;                ///< the case's own voltages, with the set points of pv and slack buses
  std::vector<BusId> generator_bus;          ///< per generator of the case
  std::vector<std::uint8_t> generator_runs;  ///< per generator: in service, at a bus that is not out
  std::vector<std::string> notes;            ///< what a person should know about how the case was understood

  /// Views of the members; valid as long as the snapshot is neither moved nor destroyed.
  [[nodiscard]] powerflow::FlowInput input() const;
};

/// Whether a snapshot puts together the buses that couplers join, or leaves injections and roles where the case has
/// them. `merged` of the snapshot is known either way.
enum class JoinedBuses : std::uint8_t { merged, apart };

/// Throws InputError if the grid is not one (unknown buses, zero impedance, ...).
[[nodiscard]] Snapshot make_snapshot(const Case& data, JoinedBuses joined = JoinedBuses::merged);

/// Output of each generator.
struct GeneratorOutput {
  std::vector<double> p_mw, q_mvar;
};

/// Splits what the buses inject over their units as MATPOWER's `pfsoln` does: the first unit of a slack bus takes up
/// the active power; reactive power is split in proportion to the units' ranges. Other units keep the case's values.
/// Buses merged by couplers count as one.
[[nodiscard]] GeneratorOutput split_generation(const Case& data, const Snapshot& snapshot,
                                               const powerflow::FlowResult& result);

/// The same for a DC power flow: active power as above, reactive power as in the case.
[[nodiscard]] GeneratorOutput split_generation_dc(const Case& data, const Snapshot& snapshot,
                                                  const powerflow::FlowResult& result);

}  // namespace gridplus::matpower
