#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <unordered_set>

#include "scenarios/build_parts.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

BusSpec to_spec(const BusEntry& entry) {
  const BusSection& v = entry.values;
  return {.name = entry.name,
          .vn_kv = v.vn_kv,
          .gs_mw = v.gs_mw,
          .bs_mvar = v.bs_mvar,
          .vm_min_pu = v.vm_min_pu,
          .vm_max_pu = v.vm_max_pu,
          .in_service = v.in_service,
          .area = entry.area,
          .where = entry.node->where()};
}

std::optional<TapChangerSpec> tap_changer_of(const BranchEntry& entry) {
  const BranchSection& v = entry.values;
  if (!v.has_tap_changer()) return {};
  TapChangerSpec changer{.ratio_step = v.tap_step,
                         .shift_step_deg = v.tap_shift_step_deg,
                         .lowest = v.tap_lowest,
                         .highest = v.tap_highest,
                         .neutral = v.tap_neutral,
                         .position = v.tap_position,
                         .end = v.tap_side,
                         .control = v.tap_control};
  const bool complete = v.tap_control == TapControl::voltage
                            ? !std::isnan(v.tap_voltage_pu)
                            : !std::isnan(v.tap_power_mw) && !std::isnan(v.tap_power_band_mw);
  if (!complete) {  // was reported while decoding where it is needed
    changer.control = TapControl::none;
  } else if (v.tap_control == TapControl::voltage) {
    constexpr double k_default_band_steps = 1.2;  // wider than a step, or the changer would hunt
    const double band = v.tap_voltage_band_pu;
    changer.bus = entry.tap_bus.empty() ? entry.to : entry.tap_bus;
    changer.set_point = v.tap_voltage_pu;
    changer.dead_band = std::isnan(band) ? k_default_band_steps * std::abs(v.tap_step) : band;
  } else if (v.tap_control == TapControl::active_power) {
    changer.set_point = v.tap_power_mw;
    changer.dead_band = v.tap_power_band_mw;
  }
  return changer;
}

/// Ohm and siemens become per unit on the nominal voltage of the `from` bus: Z_base = U^2 / S_base.
BranchSpec to_spec(const BranchEntry& entry, double vn_kv, double base_mva) {
  const double z_base_ohm = vn_kv * vn_kv / base_mva;
  const auto series = [&](const Impedance& z) { return z.per_unit ? z.value : z.value / z_base_ohm; };
  const auto shunt = [&](const Impedance& y) { return y.per_unit ? y.value : y.value * z_base_ohm; };
  const BranchSection& v = entry.values;
  return {.name = entry.name,
          .from_bus = entry.from,
          .to_bus = entry.to,
          .kind = v.kind,
          .r_pu = series(entry.r),
          .x_pu = series(entry.x),
          .g_pu = shunt(entry.g),
          .b_pu = shunt(entry.b),
          .tap = v.tap,
          .shift_deg = v.shift_deg,
          .rating_mva = v.rating_mva,
          .in_service = v.in_service,
          .tap_changer = tap_changer_of(entry),
          .where = entry.node->where()};
}

/// Names and ends that are missing were reported while decoding; a builder's word on them would only repeat it.
bool complete(const BranchEntry& entry) {
  return !entry.name.empty() && !entry.from.empty() && !entry.to.empty();
}

void build_dc_links(const Spec& spec, const BusIndex& buses, Model& model, Diagnostics& problems) {
  std::unordered_set<std::string> names;
  for (std::size_t i = 0; i < spec.dc_links.size(); ++i) {
    const DcLinkEntry& entry = spec.dc_links[i];
    if (!entry.name.empty() && !names.insert(entry.name).second)
      problems.add({entry.node->find("name")->where(),
                    "grid.dc_links",
                    fmt::format("the name '{}' is used twice", entry.name),
                    "a different name for each link",
                    {}});
    DcLink link;
    link.name = entry.name;
    link.from = buses.find(entry.from, *entry.node, "from", "grid.dc_links", i, problems);
    link.to = buses.find(entry.to, *entry.node, "to", "grid.dc_links", i, problems);
    if (link.from.valid() && link.from == link.to)
      problems.add({entry.node->where(),
                    "grid.dc_links",
                    fmt::format("'{}' leads from a bus to itself", entry.name),
                    "two different buses",
                    {}});
    link.p_mw = entry.values.p_mw;
    link.loss_share = entry.values.loss_share;
    model.dc_links.push_back(std::move(link));
  }
}

}  // namespace

BusIndex::BusIndex(const std::vector<BusEntry>& buses) : buses_(&buses) {
  index_.reserve(buses.size());
  for (std::size_t i = 0; i < buses.size(); ++i) index_.emplace(buses[i].name, i);
}

BusId BusIndex::find(const std::string& name, const Node& entry, const char* key, std::string_view list,
                     std::size_t position, Diagnostics& problems) const {
  if (name.empty() || buses_->empty()) return {};
  if (const auto found = index_.find(name); found != index_.end()) return BusId(found->second);
  constexpr std::size_t k_most_hinted = 50;  // comparing with every name is slow
  std::vector<std::string> names;
  if (problems.size() < k_most_hinted)
    for (const BusEntry& bus : *buses_) names.push_back(bus.name);
  constexpr std::size_t k_most_reported = 200;
  if (problems.size() < k_most_reported)
    problems.add({entry.find(key)->where(), fmt::format("{}[{}].{}", list, position, key),
                  fmt::format("there is no bus '{}'", name), "the name of a bus in grid.buses",
                  did_you_mean(name, names)});
  return {};
}

BusIndex build_grid(const Spec& spec, Model& model, Diagnostics& problems, const Model* same) {
  BusIndex buses(spec.buses);
  if (same != nullptr) {
    model.initially_closed = same->initially_closed;
    model.grid = same->grid;
    model.names.grid = same->names.grid;
    build_dc_links(spec, buses, model, problems);
    return buses;
  }
  GridBuilder builder(spec.grid.base_mva);
  std::unordered_map<std::string_view, double> vn_kv;
  for (const BusEntry& bus : spec.buses) {
    if (bus.name.empty() || !(bus.values.vn_kv > 0.0)) continue;
    vn_kv.emplace(bus.name, bus.values.vn_kv);
    builder.add(to_spec(bus));
  }
  if (spec.buses.empty() && problems.empty())
    problems.add({{}, "grid.buses", "the grid has no bus", "at least one bus", {}});
  const bool whole = vn_kv.size() == spec.buses.size();
  for (const BranchEntry& branch : spec.branches) {
    if (!complete(branch)) continue;
    const auto from = vn_kv.find(branch.from);
    const auto known = [&](const std::string& bus) { return vn_kv.contains(bus); };
    if (!whole && (!known(branch.from) || !known(branch.to))) continue;  // its bus was reported
    builder.add(to_spec(branch, from == vn_kv.end() ? 1.0 : from->second, spec.grid.base_mva));
  }
  GridBuilder::Result result = builder.build(problems);
  model.initially_closed = result.grid.initially_closed();
  model.grid = std::move(result.grid);
  model.names.grid = std::move(result.names);
  build_dc_links(spec, buses, model, problems);
  return buses;
}

}  // namespace gridplus::scenario
