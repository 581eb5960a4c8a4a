// The communication network: a Boost graph of nodes and links with attribute arrays, and endpoints as its leaves.
//
// A Network is an immutable value made by NetworkBuilder; what is up, how full queues are and what was received is
// state (sim/comms/transport.hpp). The backbone has 10^2 to 10^4 nodes; the 10^4 to 10^6 endpoints are no vertices of
// the graph: each hangs at a parent node by a last hop of its own.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "sim/comms/technology.hpp"
#include "sim/core/error.hpp"
#include "sim/core/id.hpp"

namespace gridplus::comms {

inline constexpr std::uint32_t k_no_index = 0xffffffffU;
inline constexpr double k_never_h = std::numeric_limits<double>::infinity();

/// Undirected multigraph: vertex i is node i; an edge carries its link's index.
using BackboneGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                                            boost::property<boost::edge_index_t, std::uint32_t>>;

enum class NodeKind : std::uint8_t { controller, platform, router, exchange, base_station, concentrator };
inline constexpr std::array<std::string_view, 6> k_node_kinds = {"controller", "platform",     "router",
                                                                 "exchange",   "base_station", "concentrator"};

/// How long a node of that kind lasts on its battery, h (macro site 4 h: V, range 0.5 to 8 h; exchange with generator:
/// V; concentrator 0.1 h: E; controllers and platforms have emergency supply: E).
[[nodiscard]] double default_battery_h(NodeKind kind);

struct NodeSpec {
  std::string name;
  NodeKind kind = NodeKind::router;
  std::uint32_t bus = k_no_index;  ///< bus that supplies it; none: its supply never fails
  double battery_h = 0.0;          ///< E_b / P_n: how long it runs without its bus
  double mtbf_h = k_never_h, mttr_h = 4.0;
  double computing_s = 0.0;             ///< controllers: from the last report to the command
  double max_age_s = k_never_h * 3600;  ///< controllers: older measurements do not count as observed
  SourceLocation where;
};

struct LinkSpec {
  std::string name, from, to;
  LinkParameters parameters;
  double length_km = 0.0;
  double background = 0.0;                              ///< share of the capacity that other users take
  std::string common_cause;                             ///< links with the same word here fail together
  double group_mtbf_h = k_never_h, group_mttr_h = 4.0;  ///< of the group; the first link that gives them decides
  std::uint32_t power_branch = k_no_index;              ///< lies in the same cable: is down while the branch is open
  SourceLocation where;
};

/// A leaf: the attachment of one device or meter.
struct EndpointSpec {
  std::string name, parent, controller;
  std::uint32_t access = 0;        ///< index of a last hop that add_access() returned
  std::uint32_t bus = k_no_index;  ///< dies with it, after the last hop's backup
  float weight_mw = 0.0F;          ///< load or power behind it, for weighted figures
  bool reports = true, metered = false, controllable = false;
  std::uint32_t coverage = k_no_index;  ///< index of a timeline that add_coverage() returned
  SourceLocation where;
};

/// Very many alike devices behind one node, of which only numbers are known (sim/comms/cohorts.hpp).
struct CohortSpec {
  std::string name, parent, controller;
  std::uint64_t devices = 0;
  std::uint32_t access = 0;        ///< as of an endpoint
  std::uint32_t bus = k_no_index;  ///< as of an endpoint
  float weight_mw = 0.0F;          ///< of all of them
  bool reports = true, metered = false;
  std::uint32_t coverage = k_no_index;  ///< as of an endpoint
  SourceLocation where;
};

/// The share of endpoints that are covered, by date: steps, or straight lines between the points.
struct CoverageTimeline {
  std::string name;
  std::vector<std::int64_t> at_step;  ///< ascending
  std::vector<double> share;
  bool linear = false;
  [[nodiscard]] double at(std::int64_t step) const;
};

/// The bus is supplied only while the node works: its one grid-forming unit is started through it.
struct SupplyDependence {
  std::uint32_t bus = k_no_index;
  std::string node;
  SourceLocation where;
};

/// Attributes of nodes, by NodeId.
struct NodeArrays {
  std::vector<NodeKind> kind;
  std::vector<std::uint32_t> bus;
  std::vector<double> battery_h, mtbf_h, mttr_h;
};

/// Attributes of links, by LinkId.
struct LinkArrays {
  std::vector<NodeId> from, to;
  std::vector<double> latency_s, capacity_bit_per_s, loss, buffer_bit, background, mtbf_h, mttr_h;
  std::vector<std::uint32_t> group, power_branch;
};

struct ControllerArrays {
  std::vector<NodeId> node;
  std::vector<double> computing_s, max_age_s;
};

/// Attributes of endpoints, by EndpointId.
struct EndpointArrays {
  std::vector<std::uint32_t> parent, controller, access, bus, coverage;
  std::vector<float> weight_mw;
  std::vector<std::uint8_t> reports, metered, controllable;
};

/// Attributes of cohorts.
struct CohortArrays {
  std::vector<std::uint64_t> devices;
  std::vector<std::uint32_t> parent, controller, access, bus, coverage;
  std::vector<float> weight_mw;
  std::vector<std::uint8_t> reports, metered;
};

/// What fails together.
struct CommonCauseGroup {
  std::string name;
  double mtbf_h = k_never_h, mttr_h = 4.0;
};

class Network {
 public:
  [[nodiscard]] const BackboneGraph& graph() const { return graph_; }
  [[nodiscard]] const NodeArrays& node() const { return node_; }
  [[nodiscard]] const LinkArrays& link() const { return link_; }
  [[nodiscard]] const ControllerArrays& controller() const { return controller_; }
  [[nodiscard]] const EndpointArrays& endpoint() const { return endpoint_; }
  [[nodiscard]] const CohortArrays& cohort() const { return cohort_; }
  [[nodiscard]] std::span<const LinkParameters> access() const { return access_; }
  [[nodiscard]] std::span<const CoverageTimeline> coverage() const { return coverage_; }
  [[nodiscard]] std::span<const CommonCauseGroup> groups() const { return groups_; }
  [[nodiscard]] std::size_t node_count() const { return node_.kind.size(); }
  [[nodiscard]] std::size_t link_count() const { return link_.from.size(); }
  [[nodiscard]] std::size_t controller_count() const { return controller_.node.size(); }
  [[nodiscard]] std::size_t endpoint_count() const { return endpoint_.parent.size(); }
  [[nodiscard]] std::size_t cohort_count() const { return cohort_.parent.size(); }
  /// Of the endpoints under a coverage timeline; all where there is none.
  [[nodiscard]] double covered_share(std::uint32_t coverage, std::int64_t step) const {
    return coverage == k_no_index ? 1.0 : coverage_[coverage].at(step);
  }

 private:
  friend class NetworkAssembly;
  BackboneGraph graph_;
  NodeArrays node_;
  LinkArrays link_;
  ControllerArrays controller_;
  EndpointArrays endpoint_;
  CohortArrays cohort_;
  std::vector<LinkParameters> access_;
  std::vector<CoverageTimeline> coverage_;
  std::vector<CommonCauseGroup> groups_;
};

/// Names of a network's parts, for loaders and output only.
struct NetworkNames {
  std::vector<std::string> node, link, controller, endpoint, cohort;
};

/// Collects the parts, checks them together, and makes the Network.
class NetworkBuilder {
 public:
  void add(NodeSpec node) { nodes_.push_back(std::move(node)); }
  void add(LinkSpec link) { links_.push_back(std::move(link)); }
  void add(EndpointSpec endpoint) { endpoints_.push_back(std::move(endpoint)); }
  void add(CohortSpec cohort) { cohorts_.push_back(std::move(cohort)); }
  void add(SupplyDependence dependence) { dependences_.push_back(std::move(dependence)); }
  /// A last hop that endpoints may share; returns its index.
  std::uint32_t add_access(LinkParameters parameters, SourceLocation where = {});
  std::uint32_t add_coverage(CoverageTimeline timeline, SourceLocation where = {});

  struct Result {
    Network network;
    NetworkNames names;
  };
  /// Checks everything and builds. Reports every duplicate or unknown name, value out of range (a negative latency),
  /// endpoint without a way to its controller, controller that no endpoint reports to, and circle in which nodes
  /// without battery and buses supply each other. The result is usable only if nothing was added to `diagnostics`.
  [[nodiscard]] Result build(Diagnostics& diagnostics) const;

 private:
  struct AccessSpec {
    LinkParameters parameters;
    SourceLocation where;
  };
  struct CoverageSpec {
    CoverageTimeline timeline;
    SourceLocation where;
  };
  friend class NetworkAssembly;
  std::vector<NodeSpec> nodes_;
  std::vector<LinkSpec> links_;
  std::vector<EndpointSpec> endpoints_;
  std::vector<CohortSpec> cohorts_;
  std::vector<SupplyDependence> dependences_;
  std::vector<AccessSpec> access_;
  std::vector<CoverageSpec> coverage_;
};

/// The technology of that name. Throws InputError that lists those that exist, with the nearest.
[[nodiscard]] Technology parse_technology(std::string_view name, const SourceLocation& where = {});

}  // namespace gridplus::comms
