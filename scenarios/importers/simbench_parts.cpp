#include "scenarios/importers/simbench_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <stdexcept>

#include "scenarios/csv.hpp"

namespace gridplus::foreign::simbench {

TransformerPi pi_model(const TransformerPlate& plate, double hv_bus_kv, double lv_bus_kv, double base_mva) {
  const double z = plate.impedance_percent / 100.0;
  const double r = plate.copper_kw / 1000.0 / plate.rating_mva;
  const double y = plate.no_load_percent / 100.0;
  const double g = plate.iron_kw / 1000.0 / plate.rating_mva;
  if (!(plate.rating_mva > 0.0 && plate.hv_kv > 0.0 && plate.lv_kv > 0.0 && z > 0.0))
    throw std::invalid_argument("rating, voltages and short-circuit voltage must be above 0");
  if (r > z) throw std::invalid_argument("the copper losses exceed the short-circuit voltage");
  if (g > y) throw std::invalid_argument("the iron losses exceed the no-load current");
  const double turns = plate.tap_position - plate.tap_neutral;
  const double change = 1.0 + turns * plate.tap_step_percent / 100.0;
  const double hv_kv = plate.tap_at_hv ? plate.hv_kv * change : plate.hv_kv;
  const double lv_kv = plate.tap_at_hv ? plate.lv_kv : plate.lv_kv * change;
  const double to_base = base_mva / plate.rating_mva * (plate.lv_kv / lv_bus_kv) * (plate.lv_kv / lv_bus_kv);
  TransformerPi pi;
  pi.r_pu = r * to_base;
  pi.x_pu = std::sqrt(z * z - r * r) * to_base;
  pi.g_pu = g / to_base;
  pi.b_pu = -std::sqrt(y * y - g * g) / to_base;
  pi.tap = (hv_kv / hv_bus_kv) / (lv_kv / lv_bus_kv);
  pi.shift_deg = turns * plate.tap_step_deg * (plate.tap_at_hv ? 1.0 : -1.0);
  return pi;
}

MergedNodes::MergedNodes(const SourceTable& nodes) : parent_(nodes.rows()), auxiliary_(nodes.rows()) {
  std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  for (std::size_t row = 0; row < nodes.rows(); ++row)
    auxiliary_[row] = same_word(nodes.text(row, "type"), "auxiliary") ? 1 : 0;
}

std::size_t MergedNodes::of(std::size_t node) const {
  while (parent_[node] != node) node = parent_[node];
  return node;
}

void MergedNodes::join(std::size_t a, std::size_t b) {
  a = of(a);
  b = of(b);
  if (a == b) return;
  const bool a_stays = auxiliary_[a] != auxiliary_[b] ? auxiliary_[a] == 0 : a < b;
  parent_[a_stays ? b : a] = a_stays ? a : b;
}

bool Profiles::has(std::string_view column) const {
  return std::any_of(columns.begin(), columns.end(), [&](const SeriesColumn& c) { return c.header == column; });
}

namespace {

/// Begin of the last Sunday of a month at 01:00 UTC, when clocks change in the European Union (directive 2000/84/EC).
UtcSeconds clock_change(int year, int month) {
  CivilTime day;
  day.year = year;
  day.month = month;
  day.day = days_in_month(year, month);
  day.day -= civil(from_civil(day, 0)).weekday % 7;
  day.hour = 1;
  return from_civil(day, 0).utc;
}

bool is_summer_time(UtcSeconds utc) {
  const int year = civil({utc, 0}).year;
  return utc >= clock_change(year, 3) && utc < clock_change(year, 10);
}

/// Whether the clock shows `label` (a time read as UTC+1) at `utc`: with summer time, as the data set has it, or
/// without.
bool clock_shows(UtcSeconds label, UtcSeconds utc) {
  return label == utc || (label == utc + 3600 && is_summer_time(utc));
}

/// `31.12.2016 23:45` as if clocks never changed.
std::optional<ZonedTime> parse_german_time(std::string_view text) {
  CivilTime t;
  int end = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%2d.%2d.%4d %2d:%2d%n", &t.day, &t.month, &t.year, &t.hour, &t.minute, &end) != 5 ||
      end != static_cast<int>(copy.size()))
    return {};
  const bool real = t.year >= 1900 && t.year <= 2200 && t.month >= 1 && t.month <= 12 && t.day >= 1 &&
                    t.day <= days_in_month(t.year, t.month) && t.hour >= 0 && t.hour < 24 && t.minute >= 0 &&
                    t.minute < 60;
  if (!real) return {};
  return from_civil(t, k_utc_offset_s);
}

}  // namespace

Profiles read_profiles(const std::filesystem::path& file, Diagnostics& problems) {
  csv::Reader reader = csv::Reader::open(file, file.filename().string());
  const std::size_t time_column = reader.need("time");
  Profiles profiles;
  std::vector<std::size_t> source;
  for (std::size_t c = 0; c < reader.header().size(); ++c) {
    if (c == time_column) continue;
    profiles.columns.push_back({reader.header()[c], {}});
    source.push_back(c);
  }
  UtcSeconds first_label = 0;
  for (std::int64_t row = 0; reader.next(); ++row) {
    const auto time = parse_german_time(reader.row()[time_column]);
    if (row == 0 && time) {
      profiles.start = *time;
      if (is_summer_time(time->utc - 3600)) profiles.start.utc -= 3600;
      first_label = time->utc;
    }
    if (row == 1 && time && time->utc > first_label) profiles.step_s = time->utc - first_label;
    if (!time || !clock_shows(time->utc, profiles.start.utc + row * profiles.step_s)) {
      problems.add({reader.where(time_column),
                    "time",
                    fmt::format("'{}' does not follow the row before it", reader.row()[time_column]),
                    "even steps of Central European time, such as 01.01.2016 00:15",
                    {}});
      break;
    }
    for (std::size_t c = 0; c < source.size(); ++c) profiles.columns[c].values.push_back(reader.number(source[c]));
  }
  return profiles;
}

}  // namespace gridplus::foreign::simbench
