#include "output/content.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/core/version.hpp"

namespace gridplus::output {

void add_flag_meanings(Dataset& dataset, std::string_view meanings) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(std::ranges::count(meanings, ' ')) + 1);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i);
  dataset.attributes.push_back({"flag_values", std::move(values)});
  dataset.attributes.push_back({"flag_meanings", std::string(meanings)});
}

Dataset text_column(std::string name, std::string dimension, std::string long_name, std::vector<std::string> values) {
  return {std::move(name), CellType::text, {std::move(dimension)}, "1", std::move(long_name), {}, std::move(values)};
}

Dataset number_column(std::string name, std::string dimension, std::string units, std::string long_name,
                      std::vector<double> values) {
  return {std::move(name),  CellType::float64, {std::move(dimension)}, std::move(units), std::move(long_name), {},
          std::move(values)};
}

Dataset flag_column(std::string name, std::string dimension, std::string long_name, std::string_view meanings,
                    std::vector<std::int64_t> values) {
  Dataset column{std::move(name),  CellType::int8, {std::move(dimension)}, "1", std::move(long_name), {},
                 std::move(values)};
  add_flag_meanings(column, meanings);
  return column;
}

Dataset time_column(std::string dimension, std::string long_name, Values seconds) {
  return {"time",
          CellType::int64,
          {std::move(dimension)},
          "seconds since 1970-01-01T00:00:00Z",
          std::move(long_name),
          {{"calendar", "standard"}, {"standard_name", "time"}},
          std::move(seconds)};
}

std::vector<Attribute> origin_attributes() {
  const ProgramVersion& program = program_version();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {{"format", std::string(k_format_name)},
          {"format_version", std::vector<std::int64_t>{k_format_major, k_format_minor}},
          {"Conventions", "CF-1.10"},
          {"program", "gridplus"},
          {"program_version", std::string(program.version)},
          {"git_hash", std::string(program.git_hash)},
          {"compiler", std::string(program.compiler)},
          {"created", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)))}};
}

}  // namespace gridplus::output
