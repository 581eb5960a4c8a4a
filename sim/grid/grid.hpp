// The power network: a Boost graph of buses and branches with electrical attributes in arrays beside it.
//
// A Grid is an immutable value made by GridBuilder. Switching never changes it: which branches are closed is state
// of a run, given to the functions that need it as one byte per branch.
//
// Branch model (one line or transformer between buses f and t): series impedance r + jx, a shunt admittance g + jb
// split in halves over both ends, and an ideal transformer of ratio tap * exp(j shift) at the `from` end. Per unit
// on base_mva and the nominal voltages of its buses. This is the model of the MATPOWER manual, section 3.2, with
// the conductance g added for the iron losses of transformers. A branch whose r and x are both 0 is a coupler (a closed
// switch, a busbar section): its buses have one voltage.
//
// A tap changer turns the ideal transformer in steps. At position n, counted from its neutral one, the ratio is
// tap (1 + n ratio_step) where it sits at the `from` end and tap / (1 + n ratio_step) where it sits at the `to` end,
// and the phase shift is shift + n shift_step.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/id.hpp"

namespace gridplus {

/// Undirected multigraph: vertex i is bus i; an edge carries its branch's index.
using PowerGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                                         boost::property<boost::edge_index_t, std::uint32_t>>;

/// A coupler has no impedance.
enum class BranchKind : std::uint8_t { line, transformer, coupler };

enum class BranchEnd : std::uint8_t { from, to };

/// What a tap changer holds within its dead band.
enum class TapControl : std::uint8_t {
  none,         ///< the position is fixed
  voltage,      ///< |V| of a bus, p.u.
  active_power  ///< P into the branch at its `from` end, MW
};

/// A tap changer as it is described to the builder. The ratio and the shift of the branch are those at `neutral`.
struct TapChangerSpec {
  double ratio_step = 0.0;      ///< change of the ratio per position, over the ratio at `neutral`
  double shift_step_deg = 0.0;  ///< change of the phase shift per position
  std::int32_t lowest = 0, highest = 0, neutral = 0;
  std::int32_t position = 0;  ///< where every flow begins
  BranchEnd end = BranchEnd::from;
  TapControl control = TapControl::none;
  std::string bus;         ///< whose voltage is held
  double set_point = 1.0;  ///< p.u. or MW, as `control` says
  double dead_band = 0.0;  ///< full width of the band around the set point, same unit, > 0
};

/// One bus as it is described to the builder.
struct BusSpec {
  std::string name;
  double vn_kv = 1.0;      ///< nominal voltage, line to line
  double gs_mw = 0.0;      ///< shunt conductance: MW drawn at 1 p.u.
  double bs_mvar = 0.0;    ///< shunt susceptance: MVAr injected at 1 p.u.
  double vm_min_pu = 0.9;  ///< lower end of the allowed voltage band
  double vm_max_pu = 1.1;  ///< upper end of the allowed voltage band
  bool in_service = true;  ///< false: isolated, takes no part
  std::string area;        ///< free grouping for reports; may be empty
  SourceLocation where;    ///< for error messages
};

/// One branch as it is described to the builder. Impedances in per unit of the grid's base.
struct BranchSpec {
  std::string name;
  std::string from_bus;
  std::string to_bus;
  BranchKind kind = BranchKind::line;
  double r_pu = 0.0;
  double x_pu = 0.0;
  double g_pu = 0.0;                                            ///< total shunt conductance, half at each end
  double b_pu = 0.0;                                            ///< total charging susceptance, half at each end
  double tap = 1.0;                                             ///< off-nominal ratio at the `from` end; 1 for a line
  double shift_deg = 0.0;                                       ///< phase shift at the `from` end
  double rating_mva = std::numeric_limits<double>::infinity();  ///< infinity: unlimited
  bool in_service = true;
  std::optional<TapChangerSpec> tap_changer;
  SourceLocation where;
};

/// The ideal transformer of a branch.
struct TapRatio {
  double tap = 1.0, shift_deg = 0.0;
};

/// A tap changer of the grid.
struct TapChanger {
  BranchId branch;
  double neutral_tap = 1.0, neutral_shift_deg = 0.0, ratio_step = 0.0, shift_step_deg = 0.0;
  std::int32_t lowest = 0, highest = 0, neutral = 0, position = 0;
  BranchEnd end = BranchEnd::from;
  TapControl control = TapControl::none;
  BusId bus;  ///< whose voltage is held; invalid otherwise
  double set_point = 1.0, dead_band = 0.0;

  [[nodiscard]] TapRatio at(std::int32_t at_position) const;
};

/// Attributes of the buses, indexed by BusId.
struct BusArrays {
  std::vector<double> vn_kv, gs_mw, bs_mvar, vm_min_pu, vm_max_pu;
  std::vector<std::uint8_t> in_service;
};

/// Attributes of the branches, indexed by BranchId. Ratio and shift are those of the tap changer's first position.
struct BranchArrays {
  std::vector<BusId> from, to;
  std::vector<BranchKind> kind;
  std::vector<double> r_pu, x_pu, g_pu, b_pu, tap, shift_deg, rating_mva;
  std::vector<std::uint8_t> in_service;
};

/// Copies share their arrays: the members of a study that do not change the grid have one in memory.
class Grid {
 public:
  [[nodiscard]] double base_mva() const { return parts_->base_mva; }
  [[nodiscard]] std::size_t bus_count() const { return parts_->bus.vn_kv.size(); }
  [[nodiscard]] std::size_t branch_count() const { return parts_->branch.r_pu.size(); }
  [[nodiscard]] const BusArrays& bus() const { return parts_->bus; }
  [[nodiscard]] const BranchArrays& branch() const { return parts_->branch; }
  [[nodiscard]] const PowerGraph& graph() const { return parts_->graph; }

  /// In the order of their branches.
  [[nodiscard]] std::span<const TapChanger> tap_changers() const { return parts_->tap_changers; }
  /// Whether a branch has no impedance, so that its two buses are one while it is closed.
  [[nodiscard]] bool is_coupler(std::size_t branch) const {
    return parts_->branch.r_pu[branch] == 0.0 && parts_->branch.x_pu[branch] == 0.0;
  }

  /// Which branches are closed when nothing has been switched: in service, with both buses in service.
  [[nodiscard]] std::vector<std::uint8_t> initially_closed() const;

 private:
  friend class GridBuilder;
  struct Parts {
    double base_mva = 100.0;
    BusArrays bus;
    BranchArrays branch;
    std::vector<TapChanger> tap_changers;
    PowerGraph graph;
  };
  std::shared_ptr<const Parts> parts_ = std::make_shared<const Parts>();
};

/// Names of a grid's parts, for loaders and output only.
struct GridNames {
  std::vector<std::string> bus, branch, bus_area;
};

/// Collects buses and branches, checks them together, and makes the Grid.
class GridBuilder {
 public:
  /// `base_mva` > 0: the base of all per-unit figures.
  explicit GridBuilder(double base_mva = 100.0);

  void add(BusSpec bus);
  void add(BranchSpec branch);

  struct Result {
    Grid grid;
    GridNames names;
  };
  /// Checks everything and builds. Reports to `diagnostics` every duplicate name, unknown bus, branch from a bus to
  /// itself, coupler that transforms or has a shunt, tap changer that does not fit, non-finite or out-of-range
  /// attribute; the result is usable only if none was added.
  [[nodiscard]] Result build(Diagnostics& diagnostics) const;

 private:
  double base_mva_;
  std::vector<BusSpec> buses_;
  std::vector<BranchSpec> branches_;
};

}  // namespace gridplus
