#include "scenarios/importers/rts_gmlc_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "scenarios/csv.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::foreign::rts_gmlc {

namespace {

constexpr std::size_t k_time_columns = 4;  ///< Year, Month, Day, Period
constexpr std::array<std::string_view, 2> k_series_folders = {"timeseries_data_files", "timeseries"};

/// Where a pointer's path leads. The table says `../timeseries_data_files/HYDRO/x.csv`; what exists may be called
/// `timeseries/Hydro/x.csv`, so only the last two parts are taken as they are, without regard to letter case.
std::optional<std::filesystem::path> locate(const SourceFolder& folder, std::string_view pointed) {
  const std::filesystem::path path{std::string(pointed)};
  const std::string tail = (path.parent_path().filename() / path.filename()).generic_string();
  for (const std::string_view root : k_series_folders)
    if (auto found = folder.find(fmt::format("{}/{}", root, tail))) return found;
  return {};
}

/// `../x/HYDRO/DAY_AHEAD_hydro.csv` is written as `hydro.csv`.
std::string output_name(std::string_view pointed) {
  std::string name = lower_case(std::filesystem::path{std::string(pointed)}.filename().string());
  for (const std::string_view prefix : {"day_ahead_", "real_time_"})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

/// The resolution of a simulation, from simulation_objects.csv.
std::int64_t resolution_s(const SourceTable& objects, std::string_view simulation, Diagnostics& problems) {
  const std::size_t column = objects.need(simulation);
  for (std::size_t row = 0; row < objects.rows(); ++row) {
    if (objects.text(row, "Simulation_Parameters") != "Period_Resolution") continue;
    const double seconds = objects.number(row, simulation);
    if (seconds >= 1.0 && seconds <= 86400.0 && std::fmod(86400.0, seconds) == 0.0)
      return static_cast<std::int64_t>(seconds);
    problems.add({objects.where(row, column),
                  {},
                  fmt::format("a period of {} s does not divide a day", number_text(seconds)),
                  "a resolution in seconds that does",
                  {}});
    return 3600;
  }
  throw InputError(Diagnostic{{objects.name(), 1, 1},
                              {},
                              "the row 'Period_Resolution' is missing",
                              "the resolution of each simulation in seconds",
                              {}});
}

/// The begin of the period that a row stands for: periods count from 1 and are named by their end.
std::optional<ZonedTime> row_time(const csv::Reader& reader, std::int64_t step_s) {
  CivilTime day;
  day.year = static_cast<int>(reader.number(0));
  day.month = static_cast<int>(reader.number(1));
  day.day = static_cast<int>(reader.number(2));
  const double period = reader.number(3);
  const bool real = day.year >= 1900 && day.year <= 2200 && day.month >= 1 && day.month <= 12 && day.day >= 1 &&
                    day.day <= days_in_month(day.year, day.month);
  if (!real || period < 1.0 || period * static_cast<double>(step_s) > 86400.0) return {};
  ZonedTime time = from_civil(day, k_utc_offset_s);
  time.utc += (static_cast<std::int64_t>(period) - 1) * step_s;
  return time;
}

}  // namespace

bool SeriesFile::has(std::string_view column) const {
  return std::any_of(columns.begin(), columns.end(), [&](const SeriesColumn& c) { return c.header == column; });
}

std::vector<double> interpolate_means(const std::vector<double>& coarse, std::int64_t coarse_s, std::int64_t fine_s) {
  const std::int64_t parts = coarse_s / fine_s;
  std::vector<double> fine;
  fine.reserve(coarse.size() * static_cast<std::size_t>(parts));
  for (std::size_t k = 0; k < coarse.size(); ++k) {
    const double before = coarse[k == 0 ? 0 : k - 1];
    const double after = coarse[std::min(k + 1, coarse.size() - 1)];
    for (std::int64_t i = 0; i < parts; ++i) {
      const double x = (static_cast<double>(i) + 0.5) / static_cast<double>(parts) - 0.5;
      fine.push_back(x < 0.0 ? coarse[k] + (coarse[k] - before) * x : coarse[k] + (after - coarse[k]) * x);
    }
  }
  return fine;
}

SeriesSet::SeriesSet(const SourceFolder& folder, std::string_view source_data, std::string_view simulation,
                     Diagnostics& problems)
    : table_(folder.need(fmt::format("{}/timeseries_pointers.csv", source_data), problems)) {
  const SourceTable objects = folder.need(fmt::format("{}/simulation_objects.csv", source_data), problems);
  step_s_ = resolution_s(objects, simulation, problems);
  day_ahead_step_s_ = resolution_s(objects, "DAY_AHEAD", problems);
  for (std::size_t row = 0; row < table_.rows(); ++row) {
    Pointer pointer{std::string(table_.text(row, "Category")), std::string(table_.text(row, "Object")),
                    std::string(table_.text(row, "Parameter")), std::string(table_.text(row, "Data File")), row};
    const std::string_view of = table_.text(row, "Simulation");
    if (of == simulation) pointers_.push_back(pointer);
    if (of == "DAY_AHEAD") day_ahead_.push_back(pointer);
  }
  for (const Pointer& pointer : pointers_)
    if (pointer.category != "Reserve") read_pointed(folder, pointer, problems);
}

const Pointer* SeriesSet::find(std::string_view object, std::string_view parameter) const {
  for (const Pointer& pointer : pointers_)
    if (pointer.object == object && pointer.parameter == parameter) return &pointer;
  return nullptr;
}

const SeriesFile* SeriesSet::file(const Pointer& pointer) const {
  const auto found = files_.find(pointer.file);
  return found == files_.end() ? nullptr : &found->second;
}

void SeriesSet::read_pointed(const SourceFolder& folder, const Pointer& pointer, Diagnostics& problems) {
  if (files_.contains(pointer.file) || missing_.contains(pointer.file)) return;
  auto file = read_file(folder, pointer.file, step_s_, problems);
  if (!file && day_ahead_step_s_ > step_s_) {
    for (const Pointer& other : day_ahead_) {
      if (other.object != pointer.object || other.parameter != pointer.parameter) continue;
      file = read_file(folder, other.file, day_ahead_step_s_, problems);
      if (!file) break;
      for (SeriesColumn& column : file->columns)
        column.values = interpolate_means(column.values, day_ahead_step_s_, step_s_);
      file->step_s = step_s_;
      file->interpolated = true;
    }
  }
  if (!file) {
    missing_.emplace(pointer.file, pointer.object);
    table_.blame(pointer.row, "Data File", fmt::format("the time series file '{}' is missing", pointer.file),
                 fmt::format("a file in {} of the source folder", fmt::join(k_series_folders, " or ")));
    return;
  }
  const auto rows = static_cast<std::int64_t>(file->columns.front().values.size());
  if (files_.empty()) {
    start_ = file->start;
    steps_ = rows;
  } else if (file->start.utc != start_.utc || rows != steps_) {
    problems.add({{pointer.file, 1, 1},
                  {},
                  fmt::format("the series has {} steps from {}", rows, format_local(file->start)),
                  fmt::format("{} steps from {}, as the other series", steps_, format_local(start_)),
                  {}});
  }
  files_.emplace(pointer.file, std::move(*file));
}

std::optional<SeriesFile> SeriesSet::read_file(const SourceFolder& folder, std::string_view pointed,
                                               std::int64_t step_s, Diagnostics& problems) const {
  const auto path = locate(folder, pointed);
  if (!path) return {};
  csv::Reader reader = csv::Reader::open(*path, path->filename().string());
  const auto header = reader.header();
  static constexpr std::array<std::string_view, k_time_columns> time_columns = {"Year", "Month", "Day", "Period"};
  for (std::size_t c = 0; c < k_time_columns; ++c)
    if (header.size() <= k_time_columns || header[c] != time_columns[c])
      throw InputError(Diagnostic{{path->filename().string(), 1, 1},
                                  {},
                                  "the header does not begin with the columns of time",
                                  fmt::format("{}, then one column a series", fmt::join(time_columns, ",")),
                                  {}});
  SeriesFile file{output_name(pointed), {}, step_s, {}, false};
  for (std::size_t c = k_time_columns; c < header.size(); ++c) file.columns.push_back({header[c], {}});
  std::int64_t rows = 0;
  while (reader.next()) {
    const auto time = row_time(reader, step_s);
    if (rows == 0 && time) file.start = *time;
    if (!time || time->utc != file.start.utc + rows * step_s) {
      problems.add(
          {reader.where(0),
           {},
           "this row does not follow the one before it",
           fmt::format("Year,Month,Day,Period of {}", format_local({file.start.utc + rows * step_s, k_utc_offset_s})),
           {}});
      break;
    }
    for (std::size_t c = k_time_columns; c < header.size(); ++c)
      file.columns[c - k_time_columns].values.push_back(reader.number(c));
    ++rows;
  }
  if (rows == 0)
    problems.add({{path->filename().string(), 1, 1}, {}, "the series has no rows", "one row a period", {}});
  return file;
}

}  // namespace gridplus::foreign::rts_gmlc
