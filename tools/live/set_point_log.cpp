#include "tools/live/set_point_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/core/calendar.hpp"
#include "tools/live/message.hpp"

namespace gridplus::live {

namespace {

using Json = nlohmann::ordered_json;
constexpr const char* k_format = "gridplus-set-points";
constexpr int k_version = 1;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string header(const Model& model) {
  return text_of({{"format", k_format},
                  {"version", k_version},
                  {"scenario", model.provenance.scenario_name},
                  {"start", format_time(model.time.start())},
                  {"step_s", model.time.step_s()}});
}

std::string line_of(std::int64_t step, const SetPoint& set_point, const DeviceTable& devices) {
  Json line = {
      {"step", step}, {"kind", kind_word(set_point.kind)}, {"name", devices.at(set_point.kind, set_point.index).name}};
  if (set_point.release) {
    line["release"] = true;
  } else {
    line["p_mw"] = set_point.p_mw;
    line["valid_s"] = set_point.valid_s;
  }
  return text_of(line);
}

std::string line_of(std::int64_t step, const Event& event) {
  return text_of({{"step", step},
                  {"event", event.kind},
                  {"subject", event.subject},
                  {"value", event.value},
                  {"reason", event.reason}});
}

/// Reads the lines of a log.
class LogReader {
 public:
  LogReader(std::string name, const Model& model, const DeviceTable& devices)
      : name_(std::move(name)), model_(model), devices_(devices) {}

  void read_header(const std::string& line) {
    number_ = 1;
    const Json json = object(line);
    if (json.value("format", "") != k_format || json.value("version", 0) != k_version)
      refuse("this is no list of set points",
             fmt::format("a first line with \"format\": \"{}\", \"version\": {}", k_format, k_version));
    const std::string start = format_time(model_.time.start());
    if (text(json, "start") != start || whole(json, "step_s") != model_.time.step_s())
      refuse(fmt::format("the set points are for a run from {} in steps of {} s", text(json, "start"),
                         whole(json, "step_s")),
             fmt::format("{} in steps of {} s, as the scenario says", start, model_.time.step_s()));
  }

  void read_line(const std::string& line) {
    ++number_;
    const Json json = object(line);
    const std::int64_t step = whole(json, "step");
    const std::int64_t earliest = steps_.empty() ? 0 : steps_.back().step;
    if (step < earliest || step >= model_.time.steps())
      refuse(fmt::format("step {}", step),
             fmt::format("steps in order, up to {}: the run has {}", model_.time.steps() - 1, model_.time.steps()));
    if (steps_.empty() || step > steps_.back().step) steps_.push_back({step, {}});
    if (json.contains("event"))
      steps_.back().input.happenings.push_back(
          {step, text(json, "event"), text(json, "subject"), real(json, "value"), text(json, "reason")});
    else
      steps_.back().input.set_points.push_back(set_point(json));
  }

  std::vector<LoggedStep> take() { return std::move(steps_); }

 private:
  [[noreturn]] void refuse(std::string problem, std::string allowed) const {
    throw InputError(Diagnostic{{name_, number_, 1}, {}, std::move(problem), std::move(allowed), {}});
  }

  Json object(const std::string& line) const {
    Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) refuse("the line is no JSON object", "one object a line");
    return json;
  }
  std::string text(const Json& json, const char* key) const {
    if (!json.contains(key) || !json[key].is_string()) refuse(fmt::format("'{}' is missing or no text", key), "a text");
    return json[key].get<std::string>();
  }
  double real(const Json& json, const char* key) const {
    if (!json.contains(key) || !json[key].is_number() || !std::isfinite(json[key].get<double>()))
      refuse(fmt::format("'{}' is missing or no number", key), "a finite number");
    return json[key].get<double>();
  }
  std::int64_t whole(const Json& json, const char* key) const {
    if (!json.contains(key) || !json[key].is_number_integer())
      refuse(fmt::format("'{}' is missing or no whole number", key), "a whole number");
    return json[key].get<std::int64_t>();
  }

  SetPoint set_point(const Json& json) const {
    const std::string kind = text(json, "kind"), name = text(json, "name");
    const LiveDevice* const device = devices_.named(kind, name);
    if (device == nullptr)
      refuse(fmt::format("there is no {} '{}' in the scenario", kind, name),
             "producer, storage, consumer, with its name");
    SetPoint point{device->kind, device->index, 0.0, 0.0, json.value("release", Json(false)) == Json(true)};
    if (point.release) return point;
    point.p_mw = real(json, "p_mw");
    point.valid_s = real(json, "valid_s");
    if (point.valid_s <= 0.0 || point.valid_s > k_longest_validity_s)
      refuse(fmt::format("valid_s is {:g}", point.valid_s),
             fmt::format("above 0, at most {:.0f}", k_longest_validity_s));
    return point;
  }

  std::string name_;
  const Model& model_;
  const DeviceTable& devices_;
  int number_ = 0;
  std::vector<LoggedStep> steps_;
};

}  // namespace

SetPointLog::SetPointLog(const std::filesystem::path& file, const Model& model, const DeviceTable& devices,
                         std::span<const LoggedStep> before)
    : path_(file), fresh_(file.string() + ".new"), devices_(devices), file_(std::fopen(fresh_.c_str(), "wb")) {
  if (!file_) throw IoError(fmt::format("cannot write '{}': {}", fresh_, std::strerror(errno)));
  write(header(model));
  for (const LoggedStep& step : before) add(step.step, step.input);
}

SetPointLog::~SetPointLog() {
  if (!fresh_.empty()) std::remove(fresh_.c_str());
}

void SetPointLog::publish() {
  if (std::rename(fresh_.c_str(), path_.c_str()) != 0)
    throw IoError(fmt::format("cannot write '{}': {}", path_.string(), std::strerror(errno)));
  fresh_.clear();
}

void SetPointLog::add(std::int64_t step, const OutsideInput& input) {
  if (input.happenings.empty() && input.set_points.empty()) return;
  std::string text;
  for (const Event& event : input.happenings) text += line_of(step, event);
  for (const SetPoint& set_point : input.set_points) text += line_of(step, set_point, devices_);
  write(text);
}

void SetPointLog::write(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fflush(file_.get()) != 0)
    throw IoError(fmt::format("cannot write '{}': {}", path_.string(), std::strerror(errno)));
}

std::vector<LoggedStep> read_set_points(const std::filesystem::path& file, const Model& model,
                                        const DeviceTable& devices, bool may_break_off) {
  constexpr std::size_t k_longest_line = 65536;
  std::ifstream in(file, std::ios::binary);
  if (!in) throw IoError(fmt::format("cannot read '{}': {}", file.string(), std::strerror(errno)));
  LogReader reader(file.string(), model, devices);
  std::string line;
  bool first = true;
  while (std::getline(in, line)) {
    if (may_break_off && in.eof()) break;
    if (line.size() > k_longest_line) line.resize(k_longest_line);  // no object then
    if (first)
      reader.read_header(line);
    else if (!line.empty())
      reader.read_line(line);
    first = false;
  }
  if (in.bad()) throw IoError(fmt::format("cannot read '{}': {}", file.string(), std::strerror(errno)));
  if (first) reader.read_header("");
  return reader.take();
}

void SetPointReplay::take(std::int64_t step, OutsideInput& input) {
  while (next_ < steps_.size() && steps_[next_].step < step) ++next_;
  if (next_ < steps_.size() && steps_[next_].step == step) input = steps_[next_++].input;
}

}  // namespace gridplus::live
