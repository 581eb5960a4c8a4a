#include "sim/grid/grid.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gridplus {

namespace {

/// Nominal voltages this close (relative) count as one: files round them.
constexpr double k_same_voltage = 0.05;

using NameIndex = std::unordered_map<std::string_view, std::size_t>;

/// Reports what is wrong with one bus or branch.
class SpecCheck {
 public:
  SpecCheck(Diagnostics& diagnostics, const SourceLocation& where, std::string subject)
      : diagnostics_(diagnostics), where_(where), subject_(std::move(subject)) {}

  void fail(std::string problem, std::string allowed, std::string hint = {}) {
    diagnostics_.add({where_, subject_, std::move(problem), std::move(allowed), std::move(hint)});
  }
  void finite(std::string_view key, double value) {
    if (!std::isfinite(value)) fail(fmt::format("{} is {}", key, value), "a finite number");
  }
  void positive(std::string_view key, double value) {
    if (!std::isfinite(value) || value <= 0.0) fail(fmt::format("{} is {}", key, value), "a finite number above 0");
  }

 private:
  Diagnostics& diagnostics_;
  const SourceLocation& where_;
  std::string subject_;
};

std::string place(const SourceLocation& where) {
  return where.line > 0 ? fmt::format("in line {}", where.line) : std::string("earlier");
}

/// Checks that a name is given and new; enters it into `index`.
template <class Spec>
void check_name(const std::vector<Spec>& specs, std::size_t i, NameIndex& index, SpecCheck& check,
                std::string_view kind) {
  const Spec& spec = specs[i];
  if (spec.name.empty()) {
    check.fail(fmt::format("a {} has no name", kind), "a name that no other of its kind has");
    return;
  }
  const auto [first, added] = index.emplace(spec.name, i);
  if (!added) {
    check.fail(fmt::format("the {} name '{}' was already used {}", kind, spec.name, place(specs[first->second].where)),
               "a name that no other of its kind has");
  }
}

void check_attributes(const BusSpec& bus, SpecCheck& check) {
  check.positive("the nominal voltage vn_kv", bus.vn_kv);
  check.finite("the shunt conductance gs_mw", bus.gs_mw);
  check.finite("the shunt susceptance bs_mvar", bus.bs_mvar);
  const bool band = std::isfinite(bus.vm_min_pu) && std::isfinite(bus.vm_max_pu) && bus.vm_min_pu >= 0.0 &&
                    bus.vm_min_pu <= bus.vm_max_pu && bus.vm_max_pu > 0.0;
  if (!band) {
    check.fail(fmt::format("the voltage band is {} to {} p.u.", bus.vm_min_pu, bus.vm_max_pu),
               "0 <= vm_min_pu <= vm_max_pu, with vm_max_pu above 0");
  }
}

void check_attributes(const BranchSpec& branch, SpecCheck& check) {
  check.finite("the resistance r_pu", branch.r_pu);
  check.finite("the reactance x_pu", branch.x_pu);
  check.finite("the shunt conductance g_pu", branch.g_pu);
  check.finite("the charging susceptance b_pu", branch.b_pu);
  check.finite("the phase shift shift_deg", branch.shift_deg);
  check.positive("the ratio tap", branch.tap);
  if (std::isnan(branch.rating_mva) || branch.rating_mva <= 0.0) {
    check.fail(fmt::format("the rating rating_mva is {}", branch.rating_mva), "above 0, infinity for no limit");
  }
  const bool is_zero = branch.r_pu == 0.0 && branch.x_pu == 0.0;
  if (branch.kind == BranchKind::coupler && !is_zero) {
    check.fail("it is a coupler, and its series impedance r_pu + j x_pu is not zero", "r_pu = x_pu = 0",
               "a branch with an impedance is a line or a transformer");
    return;
  }
  if (is_zero && branch.kind != BranchKind::coupler) {
    check.fail("the series impedance r_pu + j x_pu is zero", "an impedance other than 0",
               "a closed switch or a busbar section is of kind coupler");
    return;
  }
  if (is_zero) {
    if (branch.tap != 1.0 || branch.shift_deg != 0.0 || branch.tap_changer) {
      check.fail("it is a coupler, and it transforms the voltage", "no ratio, phase shift or tap changer",
                 "a transformer has an impedance, such as x_pu = 1e-5");
    }
    if (branch.g_pu != 0.0 || branch.b_pu != 0.0) {
      check.fail("it is a coupler, and it has a shunt admittance", "no g and no b",
                 "give the shunt to one of its buses");
    }
    return;
  }
  // Below this the admittance 1/(r + jx) is no longer a finite number of use.
  constexpr double k_least_impedance_pu = 1e-100;
  if (std::hypot(branch.r_pu, branch.x_pu) < k_least_impedance_pu) {
    check.fail("the series impedance r_pu + j x_pu is next to zero", "a larger impedance, or 0 and kind coupler");
  }
}

void check_attributes(const TapChangerSpec& changer, SpecCheck& check) {
  check.finite("the tap changer's ratio_step", changer.ratio_step);
  check.finite("the tap changer's shift_step_deg", changer.shift_step_deg);
  const auto inside = [&](std::int32_t n) { return changer.lowest <= n && n <= changer.highest; };
  if (changer.lowest > changer.highest || !inside(changer.position)) {
    check.fail(fmt::format("the tap changer's position {} is not within {} to {}", changer.position, changer.lowest,
                           changer.highest),
               "lowest <= position <= highest");
  }
  for (const std::int32_t n : {changer.lowest, changer.highest}) {
    if (!(1.0 + changer.ratio_step * (n - changer.neutral) > 0.0)) {
      check.fail(fmt::format("the tap changer's ratio at position {} is not above 0", n),
                 "ratio_step (position - neutral) above -1 at every position");
      break;
    }
  }
  if (changer.control == TapControl::none) return;
  const bool by_voltage = changer.control == TapControl::voltage;
  if ((by_voltage ? changer.ratio_step : changer.shift_step_deg) == 0.0) {
    check.fail(by_voltage ? "the tap changer holds a voltage, and its ratio does not change with the position"
                          : "the tap changer holds a power, and its phase shift does not change with the position",
               by_voltage ? "a ratio_step other than 0" : "a shift_step_deg other than 0");
  }
  check.finite("the tap changer's set point", changer.set_point);
  check.positive("the tap changer's dead band", changer.dead_band);
}

TapChanger to_changer(const BranchSpec& branch, BranchId id, BusId bus) {
  const TapChangerSpec& spec = *branch.tap_changer;
  return {.branch = id,
          .neutral_tap = branch.tap,
          .neutral_shift_deg = branch.shift_deg,
          .ratio_step = spec.ratio_step,
          .shift_step_deg = spec.shift_step_deg,
          .lowest = spec.lowest,
          .highest = spec.highest,
          .neutral = spec.neutral,
          .position = spec.position,
          .end = spec.end,
          .control = spec.control,
          .bus = bus,
          .set_point = spec.set_point,
          .dead_band = spec.dead_band};
}

/// Finds the buses at both ends of a branch; reports those that do not exist.
class EndFinder {
 public:
  EndFinder(const NameIndex& index, const std::vector<BusSpec>& buses) : index_(index), buses_(buses) {}

  BusId find(const std::string& bus, std::string_view end, SpecCheck& check) {
    const auto found = index_.find(bus);
    if (found != index_.end()) return BusId(found->second);
    check.fail(fmt::format("its {} bus '{}' does not exist", end, bus), "the name of a bus of the grid", hint(bus));
    return {};
  }

 private:
  /// Comparing with every name is slow, so only the first few unknown names get a suggestion.
  std::string hint(const std::string& bus) {
    constexpr int k_most_hints = 20;
    if (++hints_given_ > k_most_hints) return {};
    if (names_.empty()) {
      names_.reserve(buses_.size());
      for (const BusSpec& spec : buses_) names_.push_back(spec.name);
    }
    return did_you_mean(bus, names_);
  }

  const NameIndex& index_;
  const std::vector<BusSpec>& buses_;
  std::vector<std::string> names_;
  int hints_given_ = 0;
};

void append(const BusSpec& spec, BusArrays& bus, GridNames& names) {
  bus.vn_kv.push_back(spec.vn_kv);
  bus.gs_mw.push_back(spec.gs_mw);
  bus.bs_mvar.push_back(spec.bs_mvar);
  bus.vm_min_pu.push_back(spec.vm_min_pu);
  bus.vm_max_pu.push_back(spec.vm_max_pu);
  bus.in_service.push_back(spec.in_service ? 1 : 0);
  names.bus.push_back(spec.name);
  names.bus_area.push_back(spec.area);
}

void append(const BranchSpec& spec, BusId from, BusId to, BranchArrays& branch, GridNames& names) {
  branch.from.push_back(from);
  branch.to.push_back(to);
  branch.kind.push_back(spec.kind);
  branch.r_pu.push_back(spec.r_pu);
  branch.x_pu.push_back(spec.x_pu);
  branch.g_pu.push_back(spec.g_pu);
  branch.b_pu.push_back(spec.b_pu);
  branch.tap.push_back(spec.tap);
  branch.shift_deg.push_back(spec.shift_deg);
  branch.rating_mva.push_back(spec.rating_mva);
  branch.in_service.push_back(spec.in_service ? 1 : 0);
  names.branch.push_back(spec.name);
}

std::string subject(std::string_view kind, const std::string& name, std::size_t i) {
  return name.empty() ? fmt::format("{} number {}", kind, i + 1) : fmt::format("{} '{}'", kind, name);
}

}  // namespace

TapRatio TapChanger::at(std::int32_t at_position) const {
  const int turns = at_position - neutral;
  const double change = 1.0 + turns * ratio_step;
  return {end == BranchEnd::from ? neutral_tap * change : neutral_tap / change,
          neutral_shift_deg + turns * shift_step_deg};
}

std::vector<std::uint8_t> Grid::initially_closed() const {
  std::vector<std::uint8_t> closed(branch_count());
  for (std::size_t k = 0; k < closed.size(); ++k) {
    const bool ends = bus().in_service[branch().from[k].index()] != 0 && bus().in_service[branch().to[k].index()] != 0;
    closed[k] = branch().in_service[k] != 0 && ends ? 1 : 0;
  }
  return closed;
}

GridBuilder::GridBuilder(double base_mva) : base_mva_(base_mva) {}

void GridBuilder::add(BusSpec bus) {
  buses_.push_back(std::move(bus));
}
void GridBuilder::add(BranchSpec branch) {
  branches_.push_back(std::move(branch));
}

GridBuilder::Result GridBuilder::build(Diagnostics& diagnostics) const {
  const std::size_t problems_before = diagnostics.size();
  Result result;
  auto parts = std::make_shared<Grid::Parts>();
  if (!std::isfinite(base_mva_) || base_mva_ <= 0.0) {
    Diagnostic problem;
    problem.path = "grid";
    problem.problem = fmt::format("base_mva is {}", base_mva_);
    problem.allowed = "a finite number above 0";
    diagnostics.add(std::move(problem));
  }
  parts->base_mva = base_mva_;

  NameIndex bus_index(buses_.size());
  for (std::size_t i = 0; i < buses_.size(); ++i) {
    const BusSpec& spec = buses_[i];
    SpecCheck check(diagnostics, spec.where, subject("bus", spec.name, i));
    check_name(buses_, i, bus_index, check, "bus");
    check_attributes(spec, check);
    append(spec, parts->bus, result.names);
  }

  NameIndex branch_index(branches_.size());
  EndFinder ends(bus_index, buses_);
  for (std::size_t k = 0; k < branches_.size(); ++k) {
    const BranchSpec& spec = branches_[k];
    SpecCheck check(diagnostics, spec.where, subject("branch", spec.name, k));
    check_name(branches_, k, branch_index, check, "branch");
    check_attributes(spec, check);
    const BusId from = ends.find(spec.from_bus, "from", check);
    const BusId to = ends.find(spec.to_bus, "to", check);
    if (from.valid() && from == to) {
      check.fail(fmt::format("it leads from bus '{}' to itself", spec.from_bus), "a branch between two buses");
    }
    append(spec, from, to, parts->branch, result.names);
    if (from.valid() && to.valid() && spec.r_pu == 0.0 && spec.x_pu == 0.0) {
      const double from_kv = buses_[from.index()].vn_kv, to_kv = buses_[to.index()].vn_kv;
      if (std::abs(from_kv - to_kv) > k_same_voltage * from_kv) {
        check.fail(
            fmt::format("it has no impedance, and its buses have nominal voltages of {} and {} kV", from_kv, to_kv),
            "the same nominal voltage at both ends");
      }
    }
    if (!spec.tap_changer) continue;
    check_attributes(*spec.tap_changer, check);
    const bool needs_bus = spec.tap_changer->control == TapControl::voltage;
    const BusId held = needs_bus ? ends.find(spec.tap_changer->bus, "controlled", check) : BusId();
    const TapChanger& changer = parts->tap_changers.emplace_back(to_changer(spec, BranchId(k), held));
    const TapRatio ratio = changer.at(changer.position);
    parts->branch.tap.back() = ratio.tap;
    parts->branch.shift_deg.back() = ratio.shift_deg;
  }
  if (diagnostics.size() != problems_before) return {};

  PowerGraph& graph = parts->graph;
  graph = PowerGraph(buses_.size());
  const BranchArrays& branch = parts->branch;
  for (std::size_t k = 0; k < branches_.size(); ++k) {
    boost::add_edge(branch.from[k].index(), branch.to[k].index(), static_cast<std::uint32_t>(k), graph);
  }
  result.grid.parts_ = std::move(parts);
  return result;
}

}  // namespace gridplus
