#include "scenarios/importers/rts_gmlc_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

namespace gridplus::foreign::rts_gmlc {

namespace {

/// One million British thermal units (International Table) in GJ; one pound in t. Both exact by definition.
constexpr double k_gj_per_mmbtu = 1.05505585262;
constexpr double k_t_per_lb = 0.45359237e-3;

const std::map<std::string, std::string, std::less<>> k_carriers = {
    {"Coal", "coal"},   {"NG", "gas"},      {"Oil", "oil"},  {"Nuclear", "nuclear"},
    {"Hydro", "hydro"}, {"Solar", "solar"}, {"Wind", "wind"}};

std::vector<std::string> with_connection(std::vector<std::string> header) {
  for (const char* key : {"voltage [p.u.]", "q_min [MVAr]", "q_max [MVAr]", "mttf [h]", "mttr [h]"})
    header.emplace_back(key);
  return header;
}

}  // namespace

UnitTables::UnitTables(const UnitSource& source, bool start_heat_by_time)
    : source_(source),
      start_heat_by_time_(start_heat_by_time),
      thermal_(
          with_connection({"name", "bus", "carrier", "category", "capacity [MW]", "min_stable_level [MW]",
                           "ramp_rate [MW/min]", "min_up_time [h]", "min_down_time [h]", "fuel_curve [MW:GJ/h]",
                           "fuel_price [USD/GJ]", "emission_factor [t/GJ]", "variable_cost [USD/MWh]",
                           "start_cost [USD]", start_heat_by_time_ ? "start_fuel_curve [h:GJ]" : "start_fuel [GJ]"})),
      must_take_(with_connection({"name", "bus", "carrier", "category", "capacity [MW]", "output"})),
      curtailable_(with_connection(
          {"name", "bus", "carrier", "category", "capacity [MW]", "output", "variable_cost [USD/MWh]"})),
      condensers_(with_connection({"name", "bus", "category"})),
      batteries_({"name", "bus", "category", "capacity [MW]", "charge_capacity [MW]", "energy_capacity [MWh]",
                  "charge_efficiency", "discharge_efficiency", "initial_soc"}) {}

/// Cells of voltage, q_min, q_max, empty for units that hold no voltage, and of mttf, mttr, empty for those that never
/// fail.
std::vector<std::string> UnitTables::connection(std::size_t row) {
  const double low = source_.units.number(row, "QMin MVAR"), high = source_.units.number(row, "QMax MVAR");
  const double set_point = source_.units.number(row, "V Setpoint p.u.");
  const double mttf_h = source_.units.number_or(row, "MTTF Hr", 0.0);
  const double mttr_h = source_.units.number_or(row, "MTTR Hr", 0.0);
  const bool fails = mttf_h > 0.0 && mttr_h > 0.0;
  const std::string mttf = fails ? number_text(mttf_h) : "", mttr = fails ? number_text(mttr_h) : "";
  const auto bus = source_.bus_index.need(source_.units, row, "Bus ID", "bus");
  if (high <= low) return {"", "", "", mttf, mttr};
  if (bus && same_word(source_.buses.text(*bus, "Bus Type"), "PQ")) {
    note(fmt::format("Unit {} has a range of reactive power but stands at a bus of type PQ: it holds no voltage.",
                     name(row)));
    return {"", "", "", mttf, mttr};
  }
  return {number_text(set_point), number_text(low), number_text(high), mttf, mttr};
}

std::string UnitTables::carrier(std::size_t row) {
  const std::string_view fuel = source_.units.text(row, "Fuel");
  const auto found = k_carriers.find(fuel);
  if (found != k_carriers.end()) return found->second;
  note(fmt::format("Unit {}: the fuel '{}' has no counterpart and becomes `other`.", name(row), fuel));
  return "other";
}

/// Fuel at the lowest output is its average heat rate times that output; further points follow by incremental heat
/// rates. `HR` in BTU/kWh times MW is 0.001 MMBTU/h.
std::string UnitTables::fuel_curve(std::size_t row) const {
  const double capacity = source_.units.number(row, "PMax MW"), lowest = source_.units.number(row, "PMin MW");
  double p = source_.units.number(row, "Output_pct_0") * capacity;
  if (std::abs(p - lowest) < 1e-3 * capacity) p = lowest;
  double fuel = p * source_.units.number(row, "HR_avg_0") / 1000.0;
  std::string text = fmt::format("{}:{}", number_text(p), number_text(fuel * k_gj_per_mmbtu));
  for (int i = 1; i <= 4; ++i) {
    const double next = source_.units.number_or(row, fmt::format("Output_pct_{}", i), 0.0) * capacity;
    if (next <= p) break;
    fuel += (next - p) * source_.units.number_or(row, fmt::format("HR_incr_{}", i), 0.0) / 1000.0;
    p = next;
    fmt::format_to(std::back_inserter(text), " {}:{}", number_text(p), number_text(fuel * k_gj_per_mmbtu));
  }
  return text;
}

/// The heat of a hot start holds until the unit has cooled to warm, that of a warm one until it is cold.
std::string UnitTables::start_fuel_curve(std::size_t row) const {
  const double warm_h = source_.units.number(row, "Start Time Warm Hr"),
               cold_h = source_.units.number(row, "Start Time Cold Hr");
  const double hot = source_.units.number(row, "Start Heat Hot MBTU"),
               warm = source_.units.number(row, "Start Heat Warm MBTU");
  const double cold = source_.units.number(row, "Start Heat Cold MBTU");
  const auto point = [](double h, double mmbtu) {
    return fmt::format("{}:{}", number_text(h), number_text(mmbtu * k_gj_per_mmbtu));
  };
  const bool consistent = 0.0 < warm_h && warm_h < cold_h && hot <= warm && warm <= cold;
  if (!consistent) return point(0.0, cold) + ' ' + point(std::max(cold_h, 1.0), cold);
  return point(0.0, hot) + ' ' + point(warm_h, warm) + ' ' + point(cold_h, cold);
}

void UnitTables::add_thermal(std::size_t row) {
  const auto number = [&](std::string_view column) { return number_text(source_.units.number(row, column)); };
  const auto per_gj = [&](std::string_view column, double factor) {
    return number_text(source_.units.number(row, column) * factor / k_gj_per_mmbtu);
  };
  std::vector<std::string> cells = {
      name(row),
      std::string(source_.units.text(row, "Bus ID")),
      carrier(row),
      category(row),
      number("PMax MW"),
      number("PMin MW"),
      number("Ramp Rate MW/Min"),
      number("Min Up Time Hr"),
      number("Min Down Time Hr"),
      fuel_curve(row),
      per_gj("Fuel Price $/MMBTU", 1.0),
      per_gj("Emissions CO2 Lbs/MMBTU", k_t_per_lb),
      number("VOM"),
      number("Non Fuel Start Cost $"),
      start_heat_by_time_ ? start_fuel_curve(row)
                          : number_text(source_.units.number(row, "Start Heat Cold MBTU") * k_gj_per_mmbtu)};
  for (auto& cell : connection(row)) cells.push_back(std::move(cell));
  thermal_.add(cells);
}

void UnitTables::add_profile_unit(std::size_t row, const Pointer& output, bool must_take, TableText& rows) {
  const SeriesFile* file = source_.series.file(output);
  if (file == nullptr) return;
  if (!file->has(name(row))) {
    source_.series.table().blame(output.row, "Data File",
                                 fmt::format("'{}' has no column '{}'", output.file, name(row)),
                                 "a column named as the unit");
    return;
  }
  std::vector<std::string> cells = {
      name(row),     std::string(source_.units.text(row, "Bus ID")),    carrier(row),
      category(row), number_text(source_.units.number(row, "PMax MW")), series_cell(file->name, name(row), 1.0)};
  if (!must_take) cells.push_back(number_text(source_.units.number(row, "VOM")));
  for (auto& cell : connection(row)) cells.push_back(std::move(cell));
  rows.add(cells);
}

void UnitTables::add_condenser(std::size_t row) {
  std::vector<std::string> cells = {name(row), std::string(source_.units.text(row, "Bus ID")), category(row)};
  for (auto& cell : connection(row)) cells.push_back(std::move(cell));
  condensers_.add(cells);
}

void UnitTables::add_storage(std::size_t row, std::size_t store) {
  const double volume_mwh = source_.stores.number(store, "Max Volume GWh") * 1000.0;
  const double initial_mwh = source_.stores.number(store, "Initial Volume GWh") * 1000.0;
  const double power_mw = source_.units.number(row, "PMax MW"), pump_mw = source_.units.number(row, "Pump Load MW");
  const double round_trip = source_.units.number(row, "Storage Roundtrip Efficiency") / 100.0;
  if (!(volume_mwh > 0.0) || !(round_trip > 0.0 && round_trip <= 1.0)) {
    source_.units.blame(row, "Storage Roundtrip Efficiency", "the store has no volume or no round-trip efficiency",
                        "a volume above 0 in storage.csv and an efficiency in (0, 100] %");
    return;
  }
  const std::string one_way = number_text(std::sqrt(round_trip));
  batteries_.add({name(row), std::string(source_.units.text(row, "Bus ID")), category(row), number_text(power_mw),
                  number_text(pump_mw), number_text(volume_mwh), one_way, one_way,
                  number_text(initial_mwh / volume_mwh)});
  note(
      fmt::format("Storage {}: {} MW, {} MWh; its round-trip efficiency of {} is split evenly over charging and "
                  "discharging. The source models it as a pair of reservoirs.",
                  name(row), number_text(power_mw), number_text(volume_mwh), number_text(round_trip)));
}

void UnitTables::add(std::size_t row) {
  const Pointer* most = source_.series.find(name(row), "PMax MW");
  if (most != nullptr) {
    const bool must_take = source_.series.find(name(row), "PMin MW") != nullptr;
    add_profile_unit(row, *most, must_take, must_take ? must_take_ : curtailable_);
    return;
  }
  const bool no_output = source_.units.number(row, "PMax MW") == 0.0;
  const std::string_view fuel = source_.units.text(row, "Fuel");
  for (std::size_t store = 0; store < source_.stores.rows(); ++store) {
    if (source_.stores.text(store, "GEN UID") != name(row) ||
        !same_word(source_.stores.text(store, "position"), "head"))
      continue;
    if (const Pointer* inflow = source_.series.find(source_.stores.text(store, "Storage"), "Natural_Inflow")) {
      note(fmt::format(
          "{}: the natural inflow of its thermal store (MW of heat, about one MW of electricity each at the source's "
          "heat rates) is its available output, up to its capacity and curtailable; the thermal store, its start "
          "energy, the lowest output and the start cost are not modelled. Inflow above capacity is lost, so over the "
          "year it can give less than with its store.",
          name(row)));
      add_profile_unit(row, *inflow, false, curtailable_);
      return;
    }
    if (fuel == "Storage") return add_storage(row, store);
  }
  if (no_output && source_.units.number(row, "QMax MVAR") > source_.units.number(row, "QMin MVAR"))
    return add_condenser(row);
  if (no_output || fuel == "Hydro" || fuel == "Solar" || fuel == "Wind" || fuel == "Storage")
    return source_.units.blame(row, "GEN UID", fmt::format("unit '{}' has neither a fuel nor a time series", name(row)),
                               "a pointer to a series of `PMax MW`, or a fuel with heat rates");
  add_thermal(row);
}

}  // namespace gridplus::foreign::rts_gmlc
