#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>

#include "scenarios/decode_parts.hpp"

namespace gridplus::scenario {

namespace {

class TimeDecoder {
 public:
  TimeDecoder(Context& context, const Node& map, const Path& path) : context_(context), map_(map), path_(path) {}

  void decode() {
    refuse_unknown_keys(context_, map_, {"start", "end", "duration", "steps", "step"}, path_);
    const auto start = date("start", 0);
    const auto step_s = read_step();
    if (start) context_.time = TimeAxis(*start, step_s.value_or(3600), 1);
    const auto steps = count_ends() && start && step_s ? read_steps(*start, *step_s) : std::nullopt;
    if (!steps) return;
    if (*steps < 1 || *steps > context_.limits.most_steps) {
      context_.fail(map_.where(), path_, fmt::format("the run has {} steps", *steps),
                    fmt::format("from 1 to {} steps", context_.limits.most_steps),
                    "take a longer step or a shorter time");
      return;
    }
    context_.time = TimeAxis(*start, *step_s, *steps);
  }

 private:
  std::optional<ZonedTime> date(std::string_view key, std::int32_t offset_s) {
    const std::string text = entry_text(context_, map_, key, true, path_);
    if (text.empty()) return std::nullopt;
    try {
      return parse_time(text, offset_s);
    } catch (const std::invalid_argument& error) {
      context_.fail(map_.find(key)->where(), Path(path_, key), error.what(), "a date and time");
      return std::nullopt;
    }
  }

  /// A quantity of time in whole seconds above 0.
  std::optional<std::int64_t> seconds(const Node& node, const Path& path) {
    const auto value = decode_quantity(context_, node, "s", path);
    if (!value) return std::nullopt;
    constexpr double k_longest_s = 1e12;
    const double whole = std::round(*value);
    if (whole < 1.0 || whole > k_longest_s || std::abs(*value - whole) > 1e-6) {
      context_.fail(node.where(), path, fmt::format("{} is no usable time", node.described()),
                    "a whole number of seconds above 0");
      return std::nullopt;
    }
    return static_cast<std::int64_t>(whole);
  }

  std::optional<std::int64_t> read_step() {
    const Node* const step = map_.find("step");
    if (step == nullptr) return 3600;
    const Path path(path_, "step");
    const auto value = seconds(*step, path);
    constexpr std::int64_t k_longest_step_s = 366 * 86400;
    if (value && *value > k_longest_step_s) {
      context_.fail(step->where(), path, fmt::format("the step is {}", step->text), "at most 366 d");
      return std::nullopt;
    }
    return value;
  }

  bool count_ends() {
    int ends = 0;
    for (const char* key : {"end", "duration", "steps"}) ends += map_.find(key) != nullptr ? 1 : 0;
    if (ends == 1) return true;
    context_.fail(map_.where(), path_,
                  ends == 0 ? "it is not said when the run ends" : "it is said in several ways when the run ends",
                  "one of end, duration, steps");
    return false;
  }

  std::optional<std::int64_t> read_steps(ZonedTime start, std::int64_t step_s) {
    if (const Node* const steps = map_.find("steps")) {
      const Path path(path_, "steps");
      const auto value = decode_quantity(context_, *steps, "1", path);
      if (!value) return std::nullopt;
      if (*value != std::floor(*value) || std::abs(*value) > 1e15) {
        context_.fail(steps->where(), path, fmt::format("{} is no whole number", *value), "a whole number of steps");
        return std::nullopt;
      }
      return static_cast<std::int64_t>(*value);
    }
    if (const Node* const duration = map_.find("duration")) {
      const Path path(path_, "duration");
      const auto value = seconds(*duration, path);
      return value ? divide(*value, step_s, *duration, path) : std::nullopt;
    }
    const auto end = date("end", start.offset_s);
    if (!end) return std::nullopt;
    const Path path(path_, "end");
    const Node& node = *map_.find("end");
    if (end->utc <= start.utc) {
      context_.fail(node.where(), path, fmt::format("the run ends at {}, not after its start", format_time(*end)),
                    fmt::format("a time after {}", format_time(start)));
      return std::nullopt;
    }
    return divide(end->utc - start.utc, step_s, node, path);
  }

  std::optional<std::int64_t> divide(std::int64_t duration_s, std::int64_t step_s, const Node& node, const Path& path) {
    if (duration_s % step_s == 0) return duration_s / step_s;
    context_.fail(node.where(), path,
                  fmt::format("the run of {} h is no whole number of steps of {} h",
                              static_cast<double>(duration_s) / 3600.0, static_cast<double>(step_s) / 3600.0),
                  "a time that the step divides");
    return std::nullopt;
  }

  Context& context_;
  const Node& map_;
  const Path& path_;
};

}  // namespace

void decode_time(Context& context, const Node& root, const Path& top) {
  context.time = TimeAxis({}, 3600, 1);
  const Node* const map = find_map(context, root, "time", top);
  if (map == nullptr) {
    if (root.find("time") == nullptr)
      context.fail(root.where(), top, "the block 'time' is missing",
                   "time: {start: 2018-01-01T00:00+08:00, duration: 365 d, step: 1 h}");
    return;
  }
  const Path path(top, "time");
  TimeDecoder(context, *map, path).decode();
}

}  // namespace gridplus::scenario
