#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "scenarios/decode_parts.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::scenario {

namespace {

/// r, x, g, b of a branch: per unit, or in ohm or siemens, or these per length.
class ImpedanceDecoder {
 public:
  ImpedanceDecoder(Context& context, const Node& entry, const Path& path, double length_km)
      : context_(context), entry_(entry), path_(path), length_km_(length_km) {}

  Impedance decode(std::string_view key, std::string_view unit) {
    const Node* const node = entry_.find(key);
    if (node == nullptr) return {};
    const Path place(path_, key);
    const std::string allowed = fmt::format("a quantity in p.u., {} or {}/km", unit, unit);
    try {
      if (!node->is_scalar()) throw std::invalid_argument(fmt::format("{} is given", node->described()));
      const Quantity quantity = parse_quantity(node->text);
      if (quantity.plain) throw std::invalid_argument(fmt::format("{} has no unit", node->described()));
      if (quantity.unit.dimension.dimensionless()) return {convert(quantity, "p.u."), true};
      if (quantity.unit.dimension == parse_unit(unit).dimension) return {convert(quantity, unit), false};
      const std::string per_length = fmt::format("{}/km", unit);
      if (!(quantity.unit.dimension == parse_unit(per_length).dimension))
        throw std::invalid_argument(fmt::format("{} is given where {} is needed", quantity.unit.dimension.text(),
                                                parse_unit(unit).dimension.text()));
      if (std::isnan(length_km_)) {
        context_.fail(node->where(), place, "the value is per length, and the branch has no length", "length: 12 km");
        return {1.0, false};
      }
      return {convert(quantity, per_length) * length_km_, false};
    } catch (const std::invalid_argument& error) {
      context_.fail(node->where(), place, error.what(), allowed);
      return {1.0, true};
    }
  }

 private:
  Context& context_;
  const Node& entry_;
  const Path& path_;
  double length_km_;
};

void decode_bus(Context& context, const Node& entry, const Path& place, Spec& spec) {
  BusEntry bus;
  bus.name = entry_text(context, entry, "name", true, place);
  bus.area = entry_text(context, entry, "area", false, place);
  bus.node = &entry;
  decode_section(context, section_fields<BusSection>(), &bus.values, entry, place, {"name", "area"});
  spec.buses.push_back(std::move(bus));
}

/// What a tap changer needs beside its own keys.
void check_tap_changer(Context& context, const Node& entry, const Path& place, const BranchEntry& branch) {
  const BranchSection& v = branch.values;
  const auto where = [&](std::string_view key) {
    const Node* const node = entry.find(key);
    return node != nullptr ? node->where() : entry.where();
  };
  if (!v.has_tap_changer()) {
    for (const char* key : {"tap_lowest", "tap_highest", "tap_neutral", "tap_position", "tap_control", "tap_side"}) {
      if (entry.find(key) == nullptr) continue;
      context.fail(where(key), Path(place, key), "the branch has no tap changer",
                   "tap_step or tap_shift_step: what one position changes");
      return;
    }
  }
  const auto need = [&](std::string_view key, double value, std::string_view control) {
    if (!std::isnan(value)) return;
    context.fail(where("tap_control"), Path(place, "tap_control"),
                 fmt::format("the tap changer holds {}, and {} is not given", control, key),
                 fmt::format("a value for {}", key));
  };
  if (v.tap_control == TapControl::voltage) need("tap_voltage", v.tap_voltage_pu, "a voltage");
  if (v.tap_control == TapControl::active_power) {
    need("tap_power", v.tap_power_mw, "a power");
    need("tap_power_band", v.tap_power_band_mw, "a power");
  }
}

void decode_branch(Context& context, const Node& entry, const Path& place, Spec& spec) {
  BranchEntry branch;
  branch.name = entry_text(context, entry, "name", true, place);
  branch.from = entry_text(context, entry, "from", true, place);
  branch.to = entry_text(context, entry, "to", true, place);
  branch.tap_bus = entry_text(context, entry, "tap_bus", false, place);
  branch.node = &entry;
  decode_section(context, section_fields<BranchSection>(), &branch.values, entry, place,
                 {"name", "from", "to", "tap_bus", "r", "x", "g", "b"});
  check_tap_changer(context, entry, place, branch);
  ImpedanceDecoder impedance(context, entry, place, branch.values.length_km);
  branch.r = impedance.decode("r", "ohm");
  branch.x = impedance.decode("x", "ohm");
  branch.g = impedance.decode("g", "S");
  branch.b = impedance.decode("b", "S");
  if (branch.values.kind != BranchKind::coupler && entry.find("x") == nullptr && entry.find("r") == nullptr) {
    context.fail(entry.where(), place, "the branch has no impedance", "r and x, in p.u., ohm or ohm/km");
    branch.x = {1.0, true};
  }
  spec.branches.push_back(std::move(branch));
}

void decode_dc_link(Context& context, const Node& entry, const Path& place, Spec& spec) {
  DcLinkEntry link;
  link.name = entry_text(context, entry, "name", true, place);
  link.from = entry_text(context, entry, "from", true, place);
  link.to = entry_text(context, entry, "to", true, place);
  link.node = &entry;
  decode_section(context, section_fields<DcLinkSection>(), &link.values, entry, place, {"name", "from", "to"},
                 link.name);
  spec.dc_links.push_back(std::move(link));
}

}  // namespace

void decode_grid(Context& context, const Node& root, Spec& spec) {
  const Path top, path(top, "grid");
  const Node* const grid = find_map(context, root, "grid", top);
  if (grid == nullptr) {
    if (root.find("grid") == nullptr)
      context.fail(root.where(), top, "the block 'grid' is missing", "grid: {buses: [...], branches: [...]}");
    return;
  }
  decode_section(context, section_fields<GridSection>(), &spec.grid, *grid, path,
                 {"buses", "branches", "dc_links", "power_flow", "import"});
  for_each_entry(context, *grid, "buses", path,
                 [&](const Node& entry, const Path& place) { decode_bus(context, entry, place, spec); });
  for_each_entry(context, *grid, "branches", path,
                 [&](const Node& entry, const Path& place) { decode_branch(context, entry, place, spec); });
  for_each_entry(context, *grid, "dc_links", path,
                 [&](const Node& entry, const Path& place) { decode_dc_link(context, entry, place, spec); });
  if (const Node* const flow = find_map(context, *grid, "power_flow", path))
    decode_section(context, section_fields<FlowSection>(), &spec.flow, *flow, Path(path, "power_flow"), {});
}

}  // namespace gridplus::scenario
