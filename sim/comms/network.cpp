#include "sim/comms/network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/strong_components.hpp>
#include <cmath>
#include <unordered_map>

namespace gridplus::comms {

namespace {

using NameIndex = std::unordered_map<std::string_view, std::size_t>;

constexpr double k_hours_per_year = 8760.0;

/// The failure rates of a link's equipment and of its length add up.
double mean_time_between_failures_h(const LinkSpec& link) {
  const double per_year = k_hours_per_year / link.parameters.mtbf_h + link.parameters.cuts_per_km_year * link.length_km;
  return per_year > 0.0 ? k_hours_per_year / per_year : k_never_h;
}

/// The first unknown names get a suggestion; comparing every one with all names would be slow.
class Hints {
 public:
  std::string operator()(std::string_view word, const NameIndex& index) {
    constexpr int k_most = 20;
    if (++given_ > k_most) return {};
    std::vector<std::string> names;
    for (const auto& [name, position] : index) names.emplace_back(name);
    std::sort(names.begin(), names.end());
    return did_you_mean(word, names);
  }

 private:
  int given_ = 0;
};

}  // namespace

double default_battery_h(NodeKind kind) {
  switch (kind) {
    case NodeKind::base_station:
      return 4.0;
    case NodeKind::concentrator:
      return 0.1;
    case NodeKind::router:
      return 1.0;
    case NodeKind::exchange:
    case NodeKind::platform:
    case NodeKind::controller:
      break;
  }
  return k_never_h;
}

double CoverageTimeline::at(std::int64_t step) const {
  const auto next = std::upper_bound(at_step.begin(), at_step.end(), step);
  if (next == at_step.begin()) return share.front();
  const auto i = static_cast<std::size_t>(next - at_step.begin()) - 1;
  if (!linear || next == at_step.end()) return share[i];
  const double part = static_cast<double>(step - at_step[i]) / static_cast<double>(at_step[i + 1] - at_step[i]);
  return share[i] + part * (share[i + 1] - share[i]);
}

Technology parse_technology(std::string_view name, const SourceLocation& where) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < k_technologies; ++i) {
    if (technologies()[i].name == name) return static_cast<Technology>(i);
    names.emplace_back(technologies()[i].name);
  }
  Diagnostic wrong;
  wrong.where = where;
  wrong.path = "communication";
  wrong.problem = fmt::format("there is no technology '{}'", name);
  wrong.allowed = fmt::format("{}", fmt::join(names, ", "));
  wrong.hint = did_you_mean(name, names);
  throw InputError(std::move(wrong));
}

std::uint32_t NetworkBuilder::add_access(LinkParameters parameters, SourceLocation where) {
  access_.push_back({parameters, std::move(where)});
  return static_cast<std::uint32_t>(access_.size() - 1);
}

std::uint32_t NetworkBuilder::add_coverage(CoverageTimeline timeline, SourceLocation where) {
  coverage_.push_back({std::move(timeline), std::move(where)});
  return static_cast<std::uint32_t>(coverage_.size() - 1);
}

/// One build: what is known half way.
class NetworkAssembly {
 public:
  NetworkAssembly(const NetworkBuilder& builder, Diagnostics& diagnostics) : b_(builder), diagnostics_(diagnostics) {}

  NetworkBuilder::Result build() {
    const std::size_t before = diagnostics_.size();
    add_nodes();
    add_links();
    add_shared();
    add_endpoints();
    add_cohorts();
    if (diagnostics_.size() == before) {
      make_graph();
      check_reach();
      check_power_circles();
    }
    if (diagnostics_.size() != before) return {};
    return std::move(result_);
  }

 private:
  void fail(const SourceLocation& where, std::string subject, std::string problem, std::string allowed,
            std::string hint = {}) {
    diagnostics_.add({where, std::move(subject), std::move(problem), std::move(allowed), std::move(hint)});
  }
  void check(const SourceLocation& where, const std::string& subject, std::string_view key, double value, bool right,
             std::string_view allowed) {
    if (!right) fail(where, subject, fmt::format("the {} is {}", key, value), std::string(allowed));
  }
  void check_process(const SourceLocation& where, const std::string& subject, double mtbf_h, double mttr_h) {
    check(where, subject, "mean time between failures in h", mtbf_h, mtbf_h > 0.0, "above 0");
    check(where, subject, "mean time to repair in h", mttr_h, mttr_h > 0.0 && std::isfinite(mttr_h), "above 0");
  }
  void check_parameters(const SourceLocation& where, const std::string& subject, const LinkParameters& p) {
    const auto not_negative = [&](std::string_view key, double value) {
      check(where, subject, key, value, value >= 0.0 && std::isfinite(value), "0 or above");
    };
    not_negative("latency in ms", p.latency_ms);
    not_negative("sigma of the latency", p.latency_sigma);
    not_negative("latency per km in ms", p.latency_per_km_ms);
    not_negative("buffer in Mbit", p.buffer_mbit);
    not_negative("number of cuts per km and year", p.cuts_per_km_year);
    check(where, subject, "longest latency in ms", p.latency_max_ms, p.latency_max_ms >= 0.0, "0 or above");
    check(where, subject, "capacity in Mbit/s", p.capacity_mbit_per_s, p.capacity_mbit_per_s > 0.0, "above 0");
    check(where, subject, "loss", p.loss, p.loss >= 0.0 && p.loss <= 1.0, "0 to 1");
    check(where, subject, "report interval in s", p.report_interval_s, p.report_interval_s > 0.0, "above 0");
    check_process(where, subject, p.mtbf_h, p.mttr_h);
  }

  template <class Spec>
  void enter(const Spec& spec, std::size_t i, NameIndex& index, std::string_view kind) {
    if (spec.name.empty())
      fail(spec.where, std::string(kind), fmt::format("a {} has no name", kind), "a name");
    else if (!index.emplace(spec.name, i).second)
      fail(spec.where, fmt::format("{} '{}'", kind, spec.name), "the name is used twice",
           "a name that no other of its kind has");
  }

  void add_nodes() {
    Network& net = result_.network;
    for (std::size_t i = 0; i < b_.nodes_.size(); ++i) {
      const NodeSpec& spec = b_.nodes_[i];
      const std::string subject = fmt::format("node '{}'", spec.name);
      enter(spec, i, node_index_, "node");
      check(spec.where, subject, "battery in h", spec.battery_h, spec.battery_h >= 0.0, "0 or above");
      check(spec.where, subject, "computing time in s", spec.computing_s, spec.computing_s >= 0.0, "0 or above");
      check(spec.where, subject, "largest age in s", spec.max_age_s, spec.max_age_s > 0.0, "above 0");
      check_process(spec.where, subject, spec.mtbf_h, spec.mttr_h);
      net.node_.kind.push_back(spec.kind);
      net.node_.bus.push_back(spec.bus);
      net.node_.battery_h.push_back(spec.battery_h);
      net.node_.mtbf_h.push_back(spec.mtbf_h);
      net.node_.mttr_h.push_back(spec.mttr_h);
      result_.names.node.push_back(spec.name);
      if (spec.kind != NodeKind::controller) continue;
      controller_index_.emplace(spec.name, net.controller_.node.size());
      controller_spec_.push_back(i);
      net.controller_.node.push_back(NodeId(i));
      net.controller_.computing_s.push_back(spec.computing_s);
      net.controller_.max_age_s.push_back(spec.max_age_s);
      result_.names.controller.push_back(spec.name);
    }
  }

  std::size_t find(const NameIndex& index, const std::string& name, std::string_view what, const SourceLocation& where,
                   const std::string& subject) {
    const auto found = index.find(name);
    if (found != index.end()) return found->second;
    fail(where, subject, fmt::format("its {} '{}' does not exist", what, name), fmt::format("the name of a {}", what),
         hints_(name, index));
    return k_no_index;
  }

  void add_links() {
    Network& net = result_.network;
    NameIndex index, groups;
    for (std::size_t l = 0; l < b_.links_.size(); ++l) {
      const LinkSpec& spec = b_.links_[l];
      const std::string subject = fmt::format("link '{}'", spec.name);
      enter(spec, l, index, "link");
      check_parameters(spec.where, subject, spec.parameters);
      check(spec.where, subject, "length in km", spec.length_km, spec.length_km >= 0.0, "0 or above");
      check(spec.where, subject, "background load", spec.background, spec.background >= 0.0 && spec.background < 1.0,
            "0 or above and below 1");
      const std::size_t from = find(node_index_, spec.from, "node", spec.where, subject);
      const std::size_t to = find(node_index_, spec.to, "node", spec.where, subject);
      if (from == to && from != k_no_index)
        fail(spec.where, subject, fmt::format("it leads from '{}' to itself", spec.from), "a link between two nodes");
      add_link(spec, NodeId(from), NodeId(to), groups);
    }
    for (const CommonCauseGroup& group : net.groups_)
      check_process({}, fmt::format("common cause '{}'", group.name), group.mtbf_h, group.mttr_h);
  }

  void add_link(const LinkSpec& spec, NodeId from, NodeId to, NameIndex& groups) {
    Network& net = result_.network;
    LinkArrays& link = net.link_;
    link.from.push_back(from);
    link.to.push_back(to);
    link.latency_s.push_back(1e-3 * (spec.parameters.latency_ms + spec.parameters.latency_per_km_ms * spec.length_km));
    link.capacity_bit_per_s.push_back(1e6 * spec.parameters.capacity_mbit_per_s);
    link.loss.push_back(spec.parameters.loss);
    link.buffer_bit.push_back(1e6 * spec.parameters.buffer_mbit);
    link.background.push_back(spec.background);
    link.mtbf_h.push_back(mean_time_between_failures_h(spec));
    link.mttr_h.push_back(spec.parameters.mttr_h);
    link.power_branch.push_back(spec.power_branch);
    result_.names.link.push_back(spec.name);
    link.group.push_back(k_no_index);
    if (spec.common_cause.empty()) return;
    const auto [found, added] = groups.emplace(spec.common_cause, net.groups_.size());
    if (added) net.groups_.push_back({spec.common_cause, k_never_h, spec.group_mttr_h});
    CommonCauseGroup& group = net.groups_[found->second];
    if (!std::isfinite(group.mtbf_h)) {
      group.mtbf_h = spec.group_mtbf_h;
      group.mttr_h = spec.group_mttr_h;
    }
    link.group.back() = static_cast<std::uint32_t>(found->second);
  }

  void add_shared() {
    for (const auto& access : b_.access_) {
      check_parameters(access.where, "last hop", access.parameters);
      check(access.where, "last hop", "backup in h", access.parameters.backup_h, access.parameters.backup_h >= 0.0,
            "0 or above");
      result_.network.access_.push_back(access.parameters);
    }
    for (const auto& [timeline, where] : b_.coverage_) {
      const std::string subject = fmt::format("coverage '{}'", timeline.name);
      const bool ordered = std::is_sorted(timeline.at_step.begin(), timeline.at_step.end(), std::less_equal<>());
      if (timeline.at_step.empty() || timeline.at_step.size() != timeline.share.size() || !ordered)
        fail(where, subject, "its dates do not ascend", "one share for each of one or more ascending dates");
      for (const double share : timeline.share)
        check(where, subject, "share", share, share >= 0.0 && share <= 1.0, "0 to 1");
      result_.network.coverage_.push_back(timeline);
    }
  }

  void add_endpoints() {
    EndpointArrays& e = result_.network.endpoint_;
    NameIndex index(b_.endpoints_.size());
    for (std::size_t i = 0; i < b_.endpoints_.size(); ++i) {
      const EndpointSpec& spec = b_.endpoints_[i];
      enter(spec, i, index, "endpoint");
      hang(spec, fmt::format("endpoint '{}'", spec.name), e);
      e.controllable.push_back(spec.controllable ? 1 : 0);
      result_.names.endpoint.push_back(spec.name);
    }
  }

  void add_cohorts() {
    CohortArrays& all = result_.network.cohort_;
    NameIndex index(b_.cohorts_.size());
    for (std::size_t i = 0; i < b_.cohorts_.size(); ++i) {
      const CohortSpec& spec = b_.cohorts_[i];
      enter(spec, i, index, "cohort");
      const std::string subject = fmt::format("cohort '{}'", spec.name);
      constexpr std::uint64_t k_most = 1'000'000'000;
      if (spec.devices < 1 || spec.devices > k_most)
        fail(spec.where, subject, fmt::format("it has {} devices", spec.devices), fmt::format("1 to {}", k_most));
      hang(spec, subject, all);
      all.devices.push_back(spec.devices);
      result_.names.cohort.push_back(spec.name);
    }
  }

  /// What endpoints and cohorts have alike.
  template <class Spec, class Arrays>
  void hang(const Spec& spec, const std::string& subject, Arrays& leaves) {
    leaves.parent.push_back(static_cast<std::uint32_t>(find(node_index_, spec.parent, "node", spec.where, subject)));
    leaves.controller.push_back(
        static_cast<std::uint32_t>(find(controller_index_, spec.controller, "controller", spec.where, subject)));
    const bool known =
        spec.access < b_.access_.size() && (spec.coverage == k_no_index || spec.coverage < b_.coverage_.size());
    if (!known) fail(spec.where, subject, "its last hop or its coverage is none that was added", "one that exists");
    leaves.access.push_back(spec.access);
    leaves.bus.push_back(spec.bus);
    leaves.coverage.push_back(spec.coverage);
    leaves.weight_mw.push_back(spec.weight_mw);
    leaves.reports.push_back(spec.reports ? 1 : 0);
    leaves.metered.push_back(spec.metered ? 1 : 0);
  }

  void make_graph() {
    Network& net = result_.network;
    net.graph_ = BackboneGraph(net.node_count());
    for (std::size_t l = 0; l < net.link_count(); ++l)
      boost::add_edge(net.link_.from[l].index(), net.link_.to[l].index(), static_cast<std::uint32_t>(l), net.graph_);
  }

  void check_reach() {
    const Network& net = result_.network;
    std::vector<std::uint32_t> part(net.node_count());
    if (!part.empty())
      boost::connected_components(
          net.graph_, boost::make_iterator_property_map(part.begin(), boost::get(boost::vertex_index, net.graph_)));
    std::vector<std::uint8_t> heard(net.controller_count(), 0);
    const auto check_leaves = [&](std::string_view kind, const auto& specs, const auto& leaves) {
      for (std::size_t i = 0; i < specs.size(); ++i) {
        const std::uint32_t controller = leaves.controller[i];
        heard[controller] = 1;
        if (part[leaves.parent[i]] == part[net.controller_.node[controller].index()]) continue;
        fail(specs[i].where, fmt::format("{} '{}'", kind, specs[i].name),
             fmt::format("no way leads from its parent '{}' to its controller '{}'", specs[i].parent,
                         specs[i].controller),
             "a parent that is joined to the controller by links", "add a link, or choose another parent");
      }
    };
    check_leaves("endpoint", b_.endpoints_, net.endpoint_);
    check_leaves("cohort", b_.cohorts_, net.cohort_);
    for (std::size_t c = 0; c < heard.size(); ++c)
      if (heard[c] == 0)
        fail(b_.nodes_[controller_spec_[c]].where, fmt::format("controller '{}'", result_.names.controller[c]),
             "no endpoint reports to it", "at least one endpoint for each controller",
             "give endpoints this controller, or make the node a platform");
  }

  /// Arcs lead from what needs to what is needed: node without battery -> its bus, bus -> the node it depends on.
  void check_power_circles() {
    const std::size_t nodes = b_.nodes_.size();
    std::unordered_map<std::uint32_t, std::size_t> bus_vertex;
    const auto vertex_of = [&](std::uint32_t bus) {
      return bus_vertex.emplace(bus, nodes + bus_vertex.size()).first->second;
    };
    std::vector<std::pair<std::size_t, std::size_t>> arcs;
    for (std::size_t i = 0; i < nodes; ++i)
      if (b_.nodes_[i].bus != k_no_index && b_.nodes_[i].battery_h <= 0.0)
        arcs.emplace_back(i, vertex_of(b_.nodes_[i].bus));
    for (const SupplyDependence& dependence : b_.dependences_) {
      const std::size_t node = find(node_index_, dependence.node, "node", dependence.where, "supply of a bus");
      if (node != k_no_index) arcs.emplace_back(vertex_of(dependence.bus), node);
    }
    using Needs = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
    const Needs needs(arcs.begin(), arcs.end(), nodes + bus_vertex.size());
    std::vector<std::size_t> part(boost::num_vertices(needs));
    if (part.empty()) return;
    boost::strong_components(needs,
                             boost::make_iterator_property_map(part.begin(), boost::get(boost::vertex_index, needs)));
    for (const auto& [from, to] : arcs)
      if (from < nodes && part[from] == part[to])
        fail(b_.nodes_[from].where, fmt::format("node '{}'", b_.nodes_[from].name),
             "its bus is supplied only while the node works, and it has no battery: neither can start",
             "a battery for at least one node of the circle", "give the node a battery, such as 'battery: 4 h'");
  }

  const NetworkBuilder& b_;
  Diagnostics& diagnostics_;
  NetworkBuilder::Result result_;
  NameIndex node_index_, controller_index_;
  std::vector<std::size_t> controller_spec_;
  Hints hints_;
};

NetworkBuilder::Result NetworkBuilder::build(Diagnostics& diagnostics) const {
  return NetworkAssembly(*this, diagnostics).build();
}

}  // namespace gridplus::comms
