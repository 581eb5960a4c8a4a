// The power network: a Boost graph of buses and branches with electrical attributes in arrays beside it.
//
// A Grid is an immutable value made by GridBuilder. Switching never changes it: which branches are closed is state
// of a run, given to the functions that need it as one byte per branch.
//
// Branch model (one line or transformer between buses f and t): series impedance r + jx, a shunt admittance g + jb
// split in halves over both ends, and an ideal transformer of ratio tap * exp(j shift) at the `from` end. Per unit
// on base_mva and the nominal voltages of its buses. This is the model of the MATPOWER manual, section 3.2, with
// the conductance g added for the iron losses of transformers.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/id.hpp"

namespace gridplus {

/// Undirected multigraph: vertex i is bus i; an edge carries its branch's index.
using PowerGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                                         boost::property<boost::edge_index_t, std::uint32_t>>;

enum class BranchKind : std::uint8_t { line, transformer };

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
  SourceLocation where;
};

/// Attributes of the buses, indexed by BusId.
struct BusArrays {
  std::vector<double> vn_kv, gs_mw, bs_mvar, vm_min_pu, vm_max_pu;
  std::vector<std::uint8_t> in_service;
};

/// Attributes of the branches, indexed by BranchId.
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

  /// Which branches are closed when nothing has been switched: in service, with both buses in service.
  [[nodiscard]] std::vector<std::uint8_t> initially_closed() const;

 private:
  friend class GridBuilder;
  struct Parts {
    double base_mva = 100.0;
    BusArrays bus;
    BranchArrays branch;
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
  /// itself, zero impedance, non-finite or out-of-range attribute; the result is usable only if none was added.
  [[nodiscard]] Result build(Diagnostics& diagnostics) const;

 private:
  double base_mva_;
  std::vector<BusSpec> buses_;
  std::vector<BranchSpec> branches_;
};

}  // namespace gridplus
