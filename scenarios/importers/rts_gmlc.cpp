#include "scenarios/importers/rts_gmlc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>

#include "scenarios/importers/options.hpp"
#include "scenarios/importers/rts_gmlc_series.hpp"
#include "scenarios/importers/rts_gmlc_units.hpp"
#include "scenarios/importers/scenario_text.hpp"
#include "scenarios/importers/source_table.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::foreign {

namespace {

using rts_gmlc::Pointer;
using rts_gmlc::SeriesFile;
using rts_gmlc::SeriesSet;

/// Columns that are understood, by table; all others are named in the notes.
const std::map<std::string, std::set<std::string, std::less<>>> k_understood = {
    {"bus.csv", {"Bus ID", "BaseKV", "Bus Type", "MW Load", "MVAR Load", "MW Shunt G", "MVAR Shunt B", "Area"}},
    {"branch.csv", {"UID", "From Bus", "To Bus", "R", "X", "B", "Cont Rating", "Tr Ratio"}},
    {"dc_branch.csv", {"UID", "From Bus", "To Bus"}},
    {"gen.csv",
     {"GEN UID",
      "Bus ID",
      "Category",
      "Fuel",
      "V Setpoint p.u.",
      "PMax MW",
      "PMin MW",
      "QMax MVAR",
      "QMin MVAR",
      "Min Down Time Hr",
      "Min Up Time Hr",
      "Ramp Rate MW/Min",
      "Start Heat Cold MBTU",
      "Non Fuel Start Cost $",
      "Fuel Price $/MMBTU",
      "Output_pct_0",
      "Output_pct_1",
      "Output_pct_2",
      "Output_pct_3",
      "Output_pct_4",
      "HR_avg_0",
      "HR_incr_1",
      "HR_incr_2",
      "HR_incr_3",
      "HR_incr_4",
      "VOM",
      "Emissions CO2 Lbs/MMBTU",
      "Pump Load MW",
      "Storage Roundtrip Efficiency"}},
    {"storage.csv", {"GEN UID", "Storage", "Max Volume GWh", "Initial Volume GWh", "position"}}};

std::string source_data_folder(const std::filesystem::path& source) {
  return std::filesystem::exists(source / "gen.csv") ? source.filename().string() : "SourceData";
}

std::filesystem::path root_folder(const std::filesystem::path& source) {
  return std::filesystem::exists(source / "gen.csv")
             ? std::filesystem::absolute(source).lexically_normal().parent_path()
             : source;
}

class RtsGmlc {
 public:
  RtsGmlc(const std::filesystem::path& source, const ImportOptions& options);
  ImportedFiles run();

 private:
  [[nodiscard]] SourceTable table(std::string_view name) {
    return folder_.need(fmt::format("{}/{}", source_data_, name), problems_);
  }
  void write(std::string name, std::string text) { out_.files.emplace_back(std::move(name), std::move(text)); }
  void write(const TableText& rows, std::string_view name, std::string_view block, std::string_view model);
  void note(std::string text) { out_.notes.push_back(std::move(text)); }

  void import_buses();
  void import_branches();
  void import_dc_links();
  void import_loads();
  void import_units();
  void import_series();
  void note_unread();
  void write_scenario();
  void write_notice();

  SourceFolder folder_;
  std::string source_data_;
  Diagnostics problems_;
  bool real_time_, start_heat_by_time_;
  std::string voltage_support_;
  double hvdc_mw_ = 0.0;
  SourceTable buses_, branches_, dc_branches_, units_, stores_;
  NameIndex bus_index_, unit_index_;
  SeriesSet series_;
  ImportedFiles out_;
  std::map<std::string, std::string> blocks_;  ///< YAML lines of each block, by its name
};

double transfer_option(const ImportOptions& options) {
  const std::string_view text = option(options, "hvdc_transfer", "0 MW");
  try {
    return quantity_in(text, "MW");
  } catch (const std::invalid_argument& error) {
    throw InputError(Diagnostic{{}, "option hvdc_transfer", error.what(), "a power, such as 50 MW", {}});
  }
}

RtsGmlc::RtsGmlc(const std::filesystem::path& source, const ImportOptions& options)
    : folder_(root_folder(source)),
      source_data_(source_data_folder(source)),
      real_time_(choice(options, "resolution", {"day_ahead", "real_time"}) == "real_time"),
      start_heat_by_time_(choice(options, "start_heat", {"cold", "by_time_offline"}) == "by_time_offline"),
      voltage_support_(choice(options, "voltage_support", {"always", "online"})),
      hvdc_mw_(transfer_option(options)),
      buses_(table("bus.csv")),
      branches_(table("branch.csv")),
      dc_branches_(table("dc_branch.csv")),
      units_(table("gen.csv")),
      stores_(table("storage.csv")),
      bus_index_(buses_, "Bus ID"),
      unit_index_(units_, "GEN UID"),
      series_(folder_, source_data_, real_time_ ? "REAL_TIME" : "DAY_AHEAD", problems_) {}

void RtsGmlc::write(const TableText& rows, std::string_view file, std::string_view block, std::string_view model) {
  if (rows.empty()) return;
  write(std::string(file), rows.text());
  blocks_[std::string(block)] +=
      model.empty() ? fmt::format("  - {{table: {}}}\n", file) : fmt::format("  - {{table: {}, {}}}\n", file, model);
}

void RtsGmlc::import_buses() {
  TableText rows({"name", "voltage [kV]", "area", "shunt_p [MW]", "shunt_q [MVAr]"});
  for (std::size_t row = 0; row < buses_.rows(); ++row)
    rows.add({std::string(buses_.text(row, "Bus ID")), number_text(buses_.number(row, "BaseKV")),
              std::string(buses_.text(row, "Area")), number_text(buses_.number(row, "MW Shunt G")),
              number_text(buses_.number(row, "MVAR Shunt B"))});
  write(rows, "buses.csv", "buses", "");
}

void RtsGmlc::import_branches() {
  TableText rows({"name", "from", "to", "kind", "r [p.u.]", "x [p.u.]", "b [p.u.]", "tap", "rating [MVA]"});
  for (std::size_t row = 0; row < branches_.rows(); ++row) {
    for (const char* end : {"From Bus", "To Bus"}) (void)bus_index_.need(branches_, row, end, "bus");
    const double ratio = branches_.number(row, "Tr Ratio");
    rows.add({std::string(branches_.text(row, "UID")), std::string(branches_.text(row, "From Bus")),
              std::string(branches_.text(row, "To Bus")), ratio == 0.0 ? "line" : "transformer",
              number_text(branches_.number(row, "R")), number_text(branches_.number(row, "X")),
              number_text(branches_.number(row, "B")), number_text(ratio == 0.0 ? 1.0 : ratio),
              number_text(branches_.number(row, "Cont Rating"))});
  }
  write(rows, "branches.csv", "branches", "");
  note("Branch ratings are `Cont Rating`, given in MW and taken as MVA.");
}

void RtsGmlc::import_dc_links() {
  for (std::size_t row = 0; row < dc_branches_.rows(); ++row) {
    for (const char* end : {"From Bus", "To Bus"}) (void)bus_index_.need(dc_branches_, row, end, "bus");
    blocks_["dc_links"] +=
        fmt::format("    - {{name: {}, from: {}, to: {}, transfer: {}}}\n", yaml_text(dc_branches_.text(row, "UID")),
                    yaml_text(dc_branches_.text(row, "From Bus")), yaml_text(dc_branches_.text(row, "To Bus")),
                    quantity_text(hvdc_mw_, "MW"));
    note(
        fmt::format("DC link {} carries a set transfer of {} MW without losses (option hvdc_transfer): merit order "
                    "does not steer it. The published power flows have it at 0, the published PLEXOS runs optimise "
                    "it within 100 MW either way. `transfer` may be a series.",
                    dc_branches_.text(row, "UID"), number_text(hvdc_mw_)));
  }
}

void RtsGmlc::import_loads() {
  std::map<std::string, double> area_mw;
  for (std::size_t row = 0; row < buses_.rows(); ++row)
    area_mw[std::string(buses_.text(row, "Area"))] += buses_.number(row, "MW Load");
  TableText rows({"name", "bus", "demand", "power_factor", "leading"});
  std::set<std::string> blamed;
  for (std::size_t row = 0; row < buses_.rows(); ++row) {
    const double p = buses_.number(row, "MW Load");
    const double q = buses_.number(row, "MVAR Load");
    if (p == 0.0 && q == 0.0) continue;
    const std::string bus(buses_.text(row, "Bus ID")), area(buses_.text(row, "Area"));
    if (p <= 0.0) {
      buses_.blame(row, "MW Load", "a bus with reactive but no active load", "an active load above 0");
      continue;
    }
    const Pointer* pointer = series_.find(area, "MW Load");
    const SeriesFile* file = pointer == nullptr ? nullptr : series_.file(*pointer);
    if (file == nullptr || !file->has(area)) {
      if (blamed.insert(area).second)
        buses_.blame(row, "Area", fmt::format("area '{}' has load but no load series", area),
                     "a pointer with Category Area and Parameter MW Load, and a column of that name in its file");
      continue;
    }
    rows.add({"load_" + bus, bus, series_cell(file->name, area, p / area_mw[area]), number_text(p / std::hypot(p, q)),
              q < 0.0 ? "true" : ""});
  }
  write(rows, "loads.csv", "consumers", "model: load");
  note(
      "Load of a bus: the series of its area times the bus's share in the area's `MW Load`, at the power factor of its "
      "`MW Load` and `MVAR Load`. The pointers' `Scaling Factor` multiplies nothing: the series are in MW already.");
}

void RtsGmlc::import_units() {
  for (const Pointer& pointer : series_.pointers())
    if (pointer.category == "Generator" && pointer.parameter != "Natural_Inflow" && !unit_index_.find(pointer.object))
      series_.table().blame(pointer.row, "Object", fmt::format("there is no unit '{}'", pointer.object),
                            "a GEN UID of gen.csv");
  rts_gmlc::UnitTables units({buses_, bus_index_, units_, stores_, series_}, start_heat_by_time_);
  for (std::size_t row = 0; row < units_.rows(); ++row) units.add(row);
  for (const std::string& text : units.notes()) note(text);
  write(units.thermal(), "thermal.csv", "producers", "model: thermal, voltage_support: " + voltage_support_);
  write(units.must_take(), "must_take.csv", "producers", "model: profile_generator, curtailable: false, slack: false");
  write(units.curtailable(), "curtailable.csv", "producers",
        "model: profile_generator, curtailable: true, slack: false");
  write(units.condensers(), "condensers.csv", "producers", "model: synchronous_condenser, slack: false");
  write(units.batteries(), "storage.csv", "storage",
        "model: battery, soc_min: 0, soc_max: 1, self_discharge: 0 %/month");
  note(
      "Units whose series is both `PMin MW` and `PMax MW` (hydro, rooftop PV) give what the series says; those with "
      "`PMax MW` alone (wind, PV) may be curtailed.");
  note(fmt::format(
      "A start costs {} times the fuel price, plus `Non Fuel Start Cost $`. The published PLEXOS runs charge "
      "the cold start heat once more at each shut-down; here a shut-down costs nothing.",
      start_heat_by_time_ ? "the heat of a hot, warm or cold start, by the hours offline,"
                          : "the start heat of a cold unit"));
}

void RtsGmlc::import_series() {
  bool interpolated = false;
  for (const auto& [key, file] : series_.files()) {
    const auto& pointed = key;  // clang 14 lets no lambda see a structured binding
    std::vector<SeriesColumn> columns = file.columns;
    for (SeriesColumn& column : columns) {
      const auto used = std::any_of(series_.pointers().begin(), series_.pointers().end(), [&](const Pointer& p) {
        return p.file == pointed && (p.object == column.header || p.parameter == "Natural_Inflow");
      });
      if (!used)
        note(fmt::format("Column '{}' of {} is pointed to by nothing and used by nothing.", column.header, file.name));
      column.header += " [MW]";
    }
    write(file.name, series_text(file.start, file.step_s, columns));
    if (!file.interpolated) continue;
    interpolated = true;
    note(
        fmt::format("{}: the source has no real-time series; the day-ahead one is drawn as straight lines between the "
                    "middles of its hours, which keeps its energy.",
                    file.name));
  }
  if (real_time_)
    note(
        fmt::format("Real-time and day-ahead series differ; in region 1 the day-ahead load was shifted in 2017 and the "
                    "real-time load was not, so do not mix the two{}.",
                    interpolated ? " beyond what is said above" : ""));
  note(
      "Times: a period is named by its end in the source, so period 1 begins at 00:00. The source names no time zone; "
      "-07:00 (Arizona) is taken, all year.");
}

void RtsGmlc::note_unread() {
  for (const SourceTable* read : {&buses_, &branches_, &dc_branches_, &units_, &stores_}) {
    const std::string file = read->name().substr(read->name().rfind('/') + 1);
    std::vector<std::string> unread;
    for (const std::string& column : read->header()) {
      const bool used = k_understood.at(file).contains(column) ||
                        (start_heat_by_time_ && column.starts_with("Start ") && !column.starts_with("Start Time Hot"));
      if (!used) unread.push_back(column);
    }
    if (!unread.empty()) note(fmt::format("Columns of {} not carried over: {}.", file, fmt::join(unread, ", ")));
  }
  note(
      "Reserve products and their requirements (reserves.csv and its series) are not carried over; the dispatch keeps "
      "3 % of demand online, which is the source's spinning requirement.");
  note("Reservoirs of hydro units (storage.csv) are not used: their output is given by series.");
  note("Forced outages (FOR, MTTF, MTTR) are not drawn: every unit is available all the time.");
  if (voltage_support_ == "always")
    note(
        "Thermal units hold their voltage also while they do not run. The source was made for dispatch with a DC "
        "network: without their reactive power some hundred hours of the year have no AC power flow, or one at a "
        "collapsed voltage (option voltage_support).");
  note("SourceData has no voltage band; the default of 0.9 to 1.1 p.u. holds.");
}

void RtsGmlc::write_scenario() {
  std::string yaml = fmt::format(
      "# Made by `gridplus import rts-gmlc`. README.md says what was carried over and what was not.\n"
      "gridplus: 1\n"
      "name: rts_gmlc\n"
      "description: RTS-GMLC, three regions with coal, gas, nuclear, hydro, wind and sun; {} series of {}.\n"
      "currency: USD\n"
      "time:\n"
      "  start: {}\n"
      "  steps: {}\n"
      "  step: {}\n"
      "grid:\n"
      "  base: 100 MVA\n",
      real_time_ ? "5-minute real-time" : "hourly day-ahead", civil(series_.start()).year, time_text(series_.start()),
      series_.steps(), quantity_text(static_cast<double>(series_.step_s()) / 60.0, "min"));
  for (const char* block : {"buses", "branches"}) {
    std::string lines = blocks_[block];
    yaml += fmt::format("  {}:\n  {}", block, lines);
  }
  if (!blocks_["dc_links"].empty()) yaml += "  dc_links:\n" + blocks_["dc_links"];
  yaml += "  power_flow: {method: ac, slack: distributed}\n";
  for (const char* block : {"producers", "consumers", "storage"})
    if (!blocks_[block].empty()) yaml += fmt::format("{}:\n{}", block, blocks_[block]);
  yaml += "controllers:\n  dispatch: {method: merit_order, storage_rule: net_load, reserve: 3 %}\n";
  out_.files.emplace(out_.files.begin(), "scenario.yaml", std::move(yaml));
}

void RtsGmlc::write_notice() {
  std::string readme =
      "# RTS-GMLC\n\n"
      "Made by `gridplus import rts-gmlc` from the SourceData and time series of RTS-GMLC\n"
      "(https://github.com/GridMod/RTS-GMLC; Barrows et al., IEEE Trans. Power Systems 35 (2020) 119).\n"
      "The data come from NREL, operated by ALLIANCE for the U.S. DOE. Their notice, DATA_USE_DISCLAIMER.md in this\n"
      "folder, must go with every copy of this folder.\n\n"
      "## What to know\n\n";
  bool notice = false;
  for (const char* file : {"DATA_USE_DISCLAIMER.md", "LICENSE.md", "LICENSE"}) {
    const auto path = folder_.find(file);
    if (!path || notice) continue;
    write("DATA_USE_DISCLAIMER.md", read_text(*path));
    notice = true;
  }
  if (!notice)
    note(
        "The source folder lacks NREL's data use disclaimer. It must go with every copy: add it as "
        "DATA_USE_DISCLAIMER.md.");
  for (const std::string& text : out_.notes) readme += fmt::format("* {}\n", text);
  write("README.md", std::move(readme));
}

ImportedFiles RtsGmlc::run() {
  import_buses();
  import_branches();
  import_dc_links();
  import_loads();
  import_units();
  problems_.throw_if_any();
  import_series();
  note_unread();
  write_notice();
  write_scenario();
  return std::move(out_);
}

}  // namespace

ImportedFiles import_rts_gmlc(const std::filesystem::path& source, const ImportOptions& options) {
  return RtsGmlc(source, options).run();
}

}  // namespace gridplus::foreign
