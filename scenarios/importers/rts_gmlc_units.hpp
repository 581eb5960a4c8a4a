// The units of RTS-GMLC: which kind of device each row of gen.csv is, and its cells in the table of that kind.
#pragma once

#include <string>
#include <vector>

#include "scenarios/importers/rts_gmlc_series.hpp"
#include "scenarios/importers/scenario_text.hpp"
#include "scenarios/importers/source_table.hpp"

namespace gridplus::foreign::rts_gmlc {

/// What units are read from; all must outlive the tables made of them.
struct UnitSource {
  const SourceTable& buses;
  const NameIndex& bus_index;
  const SourceTable& units;
  const SourceTable& stores;
  const SeriesSet& series;
};

/// One table a kind of device.
class UnitTables {
 public:
  /// `start_heat_by_time`: the fuel of a start depends on the hours offline; else it is that of a cold start.
  UnitTables(const UnitSource& source, bool start_heat_by_time);

  /// Adds the unit of a row of gen.csv to the table of its kind. What is wrong is noted as a problem of its table.
  void add(std::size_t row);

  [[nodiscard]] const TableText& thermal() const { return thermal_; }
  [[nodiscard]] const TableText& must_take() const { return must_take_; }
  [[nodiscard]] const TableText& curtailable() const { return curtailable_; }
  [[nodiscard]] const TableText& condensers() const { return condensers_; }
  [[nodiscard]] const TableText& batteries() const { return batteries_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  void note(std::string text) { notes_.push_back(std::move(text)); }
  void add_thermal(std::size_t row);
  void add_profile_unit(std::size_t row, const Pointer& output, bool must_take, TableText& rows);
  void add_condenser(std::size_t row);
  void add_storage(std::size_t row, std::size_t store);
  [[nodiscard]] std::vector<std::string> connection(std::size_t row);
  [[nodiscard]] std::string fuel_curve(std::size_t row) const;
  [[nodiscard]] std::string start_fuel_curve(std::size_t row) const;
  [[nodiscard]] std::string carrier(std::size_t row);
  [[nodiscard]] std::string category(std::size_t row) const { return std::string(source_.units.text(row, "Category")); }
  [[nodiscard]] std::string name(std::size_t row) const { return std::string(source_.units.text(row, "GEN UID")); }

  UnitSource source_;
  bool start_heat_by_time_;
  TableText thermal_, must_take_, curtailable_, condensers_, batteries_;
  std::vector<std::string> notes_;
};

}  // namespace gridplus::foreign::rts_gmlc
