#include "scenarios/profiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "scenarios/resample.hpp"
#include "scenarios/values.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::scenario {

namespace {

/// Reads one table of time series for all requests that use it.
class TableLoader {
 public:
  TableLoader(std::span<const ProfileRequest* const> requests, const TimeAxis& time, const csv::Limits& limits)
      : requests_(requests), time_(time), limits_(limits), columns_(requests.size()) {}

  /// One column of steps per request. Throws InputError, IoError.
  std::vector<std::vector<double>> load() {
    const FileColumn& file = column_of(0);
    csv::Reader table = file.files->open_table(file.key, file.display, limits_);
    std::vector<double> first_row;
    while (table.next()) {
      read_time(table);
      if (rows_ == 1) {
        first_row = read_values(table);
        continue;
      }
      if (rows_ == 2) begin_columns(first_row);
      const std::vector<double>& values = read_values(table);
      for (std::size_t i = 0; i < values.size(); ++i) add(i, values[i]);
    }
    if (rows_ == 0)
      throw InputError(
          Diagnostic{{file.display, 1, 1}, {}, "the table has no rows", "one row for each step of time", {}});
    if (rows_ == 1) begin_columns(first_row);
    check_coverage();
    return finish();
  }

 private:
  struct Column {
    std::optional<Resampler> resampler;
    std::vector<double> rows;  ///< kept only where they repeat
  };

  [[nodiscard]] const FileColumn& column_of(std::size_t i) const { return std::get<FileColumn>(requests_[i]->source); }

  /// The time of a row's begin: a date, or a number of rows from the start of the run.
  void read_time(const csv::Reader& table) {
    const std::string_view cell = table.row()[0];
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), index);
    const bool is_index = !cell.empty() && error == std::errc{} && end == cell.data() + cell.size();
    if (rows_ == 0) by_index_ = is_index;
    if (is_index != by_index_) fail_time(table, fmt::format("'{}' is no {}", cell, by_index_ ? "row number" : "date"));
    if (is_index && index != rows_)
      fail_time(table, fmt::format("the row number is {}", index), fmt::format("{}", rows_));
    const UtcSeconds now = is_index ? time_.at(index).utc : parse_date(table, cell);
    if (rows_ == 0) {
      first_ = {now, offset_s_};
      row_s_ = time_.step_s();
    } else if (rows_ == 1) {
      row_s_ = now - first_.utc;
      if (row_s_ <= 0) fail_time(table, "the time does not come after the row before", "ascending times");
    } else if (now != first_.utc + rows_ * row_s_) {
      fail_time(table, fmt::format("the row begins at {}; the rows before are {} s apart", cell, row_s_),
                format_time({first_.utc + rows_ * row_s_, first_.offset_s}));
    }
    ++rows_;
  }

  UtcSeconds parse_date(const csv::Reader& table, std::string_view cell) {
    try {
      const ZonedTime time = parse_time(cell, time_.start().offset_s);
      offset_s_ = time.offset_s;
      return time.utc;
    } catch (const std::invalid_argument& error) {
      fail_time(table, error.what(), "the date and time of the row's begin, or its number from 0");
    }
  }

  [[noreturn]] static void fail_time(const csv::Reader& table, std::string problem, std::string allowed = {}) {
    throw InputError(Diagnostic{table.where(0), {}, std::move(problem), std::move(allowed), {}});
  }

  const std::vector<double>& read_values(const csv::Reader& table) {
    values_.resize(requests_.size());
    for (std::size_t i = 0; i < requests_.size(); ++i) values_[i] = table.number(column_of(i).index);
    return values_;
  }

  /// Once the distance of the rows is known.
  void begin_columns(const std::vector<double>& first_row) {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      if (!column_of(i).repeat) columns_[i].resampler.emplace(time_, first_.utc, row_s_, column_of(i).interpolation);
      add(i, first_row[i]);
    }
  }

  void add(std::size_t i, double value) {
    if (columns_[i].resampler)
      columns_[i].resampler->add(value);
    else
      columns_[i].rows.push_back(value);
  }

  void check_coverage() const {
    const UtcSeconds begin = time_.start().utc, end = time_.at(time_.steps()).utc;
    const UtcSeconds last = first_.utc + rows_ * row_s_;
    if (first_.utc <= begin && last >= end) return;
    const std::int32_t offset = time_.start().offset_s;
    for (std::size_t i = 0; i < requests_.size(); ++i)
      if (!column_of(i).repeat)
        throw InputError(Diagnostic{
            requests_[i]->where, requests_[i]->path,
            fmt::format("'{}' covers {} to {}, the run goes from {} to {}", column_of(i).display,
                        format_local({first_.utc, offset}), format_local({last, offset}), format_local(time_.start()),
                        format_local(time_.at(time_.steps()))),
            "rows for the whole run", "shorten the run, or give {profile: ..., repeat: true} to use the rows again"});
  }

  std::vector<std::vector<double>> finish() {
    std::vector<std::vector<double>> out;
    for (Column& column : columns_)
      out.push_back(column.resampler ? column.resampler->finish() : repeat_rows(column.rows, first_, row_s_, time_));
    return out;
  }

  std::span<const ProfileRequest* const> requests_;
  const TimeAxis& time_;
  const csv::Limits& limits_;
  std::vector<Column> columns_;
  std::vector<double> values_;
  ZonedTime first_;
  std::int32_t offset_s_ = 0;
  std::int64_t row_s_ = 3600;
  std::int64_t rows_ = 0;
  bool by_index_ = false;
};

std::vector<double> timeline_values(const Timeline& timeline, const TimeAxis& time) {
  std::vector<double> out(static_cast<std::size_t>(time.steps()));
  const auto& points = timeline.points;
  std::size_t at = 0;
  for (std::int64_t step = 0; step < time.steps(); ++step) {
    const UtcSeconds now = time.at(step).utc;
    while (at + 1 < points.size() && points[at + 1].first <= now) ++at;
    double value = points[at].second;
    if (timeline.interpolation == Interpolation::linear && at + 1 < points.size())
      value += (points[at + 1].second - value) * (static_cast<double>(now - points[at].first) /
                                                  static_cast<double>(points[at + 1].first - points[at].first));
    out[static_cast<std::size_t>(step)] = value;
  }
  return out;
}

/// Reports the worst value of a column that breaks a limit of the field that uses it.
void check_limits(const ProfileRequest& request, const ProfileColumn& column, const TimeAxis& time,
                  Diagnostics& problems) {
  if (column.values.empty()) return;
  for (const ColumnCheck& check : request.checks) {
    for (const std::size_t worst : {column.lowest, column.highest}) {
      const double value = column.values[worst] * check.scale;
      const FieldInfo& field = *check.field;
      if ((field.min_excluded ? value > field.min : value >= field.min) && value <= field.max) continue;
      problems.add(
          {check.where,
           check.path,
           fmt::format("'{}' gives {}{}{} at {}", request.name, value, field.unit == "1" ? "" : " ",
                       field.unit == "1" ? "" : field.unit, format_local(time.at(static_cast<std::int64_t>(worst)))),
           limits_text(field),
           {}});
      break;
    }
  }
}

void collect(const InputError& error, Diagnostics& problems) {
  for (const Diagnostic& diagnostic : error.diagnostics()) problems.add(diagnostic);
}

using Columns = std::vector<std::shared_ptr<const ProfileColumn>>;

std::shared_ptr<const ProfileColumn> make_column(std::vector<double> values) {
  auto column = std::make_shared<ProfileColumn>();
  column->values = std::move(values);
  const auto [low, high] = std::minmax_element(column->values.begin(), column->values.end());
  column->lowest = static_cast<std::size_t>(low - column->values.begin());
  column->highest = static_cast<std::size_t>(high - column->values.begin());
  return column;
}

/// All that decides the values of a request on file or of a synthetic one; empty for what is not worth sharing.
std::string sharing_key(const ProfileRequest& request, const TimeAxis& time) {
  const std::string steps = fmt::format("{}+{}*{}", time.start().utc, time.step_s(), time.steps());
  if (std::holds_alternative<FileColumn>(request.source)) return fmt::format("{}|{}", steps, request.identity);
  const auto* const made = std::get_if<SyntheticSeries>(&request.source);
  if (made == nullptr) return {};
  std::string key = fmt::format("{}|{}|{}|{}|{}|{}|{}", steps, time.start().offset_s, made->model->type,
                                made->keys.seed, made->keys.region, made->keys.site, made->keys.replicate);
  for (const FieldInfo& field : made->model->fields) {
    const FieldValue value = field.get(made->params.get());
    if (const auto* const number = std::get_if<double>(&value))
      key += fmt::format("|{:a}", *number);
    else if (const auto* const integer = std::get_if<std::int64_t>(&value))
      key += fmt::format("|{}", *integer);
    else if (const auto* const flag = std::get_if<bool>(&value))
      key += *flag ? "|1" : "|0";
    else
      return {};
  }
  return key;
}

/// The columns that other members have resolved.
Columns find_shared(const ProfileRequests& requests, const TimeAxis& time) {
  Columns columns(requests.list().size());
  if (requests.shared() == nullptr) return columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (const std::string key = sharing_key(requests.list()[i], time); !key.empty())
      columns[i] = requests.shared()->find(key);
  return columns;
}

std::shared_ptr<const ProfileColumn> offer(const ProfileRequests& requests, std::size_t i, const TimeAxis& time,
                                           std::shared_ptr<const ProfileColumn> column) {
  if (requests.shared() == nullptr) return column;
  const ProfileRequest& request = requests.list()[i];
  const std::string key = sharing_key(request, time);
  if (key.empty()) return column;
  return requests.shared()->keep(key, std::move(column), std::holds_alternative<FileColumn>(request.source));
}

/// Loads the tables of which columns are missing, each once.
void load_tables(const ProfileRequests& all, const TimeAxis& time, const csv::Limits& limits, Columns& columns,
                 Diagnostics& problems) {
  const std::vector<ProfileRequest>& requests = all.list();
  std::map<std::pair<const FileSet*, std::string>, std::vector<std::size_t>> by_file;
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (const auto* const file = std::get_if<FileColumn>(&requests[i].source); file != nullptr && !columns[i])
      by_file[{file->files.get(), file->key}].push_back(i);
  for (const auto& [file, users] : by_file) {
    std::vector<const ProfileRequest*> wanted;
    for (const std::size_t i : users) wanted.push_back(&requests[i]);
    try {
      auto loaded = TableLoader(wanted, time, limits).load();
      for (std::size_t k = 0; k < users.size(); ++k)
        columns[users[k]] = offer(all, users[k], time, make_column(std::move(loaded[k])));
    } catch (const InputError& error) {
      collect(error, problems);
    } catch (const IoError& error) {
      problems.add({wanted.front()->where, wanted.front()->path, error.what(), {}, {}});
    }
  }
}

}  // namespace

ProfileTable load_profiles(const ProfileRequests& all, const TimeAxis& time, const csv::Limits& limits,
                           Diagnostics& problems) {
  const std::vector<ProfileRequest>& requests = all.list();
  constexpr double k_most_values = 2e9;
  if (static_cast<double>(requests.size()) * static_cast<double>(time.steps()) > k_most_values) {
    problems.add({{},
                  "time",
                  fmt::format("{} series of {} steps do not fit into memory", requests.size(), time.steps()),
                  fmt::format("at most {} values", k_most_values),
                  "take a longer step or a shorter time"});
    return ProfileTable(time.steps());
  }
  Columns columns = find_shared(all, time);
  load_tables(all, time, limits, columns, problems);
  ProfileTable table(time.steps());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (const auto* const timeline = std::get_if<Timeline>(&requests[i].source); timeline != nullptr && !columns[i])
      columns[i] = make_column(timeline_values(*timeline, time));
    else if (const auto* const made = std::get_if<SyntheticSeries>(&requests[i].source); made != nullptr && !columns[i])
      columns[i] = offer(all, i, time, make_column(made->model->values(made->params.get(), made->keys, time)));
    if (!columns[i])  // of a table that could not be read
      columns[i] = make_column(std::vector<double>(static_cast<std::size_t>(time.steps())));
    else
      check_limits(requests[i], *columns[i], time, problems);
    const std::vector<double>& values = columns[i]->values;
    table.add(requests[i].name, std::shared_ptr<const std::vector<double>>(std::move(columns[i]), &values));
  }
  return table;
}

}  // namespace gridplus::scenario
