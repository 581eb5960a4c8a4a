#include "tools/gridplus/adequacy_replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/core/error.hpp"

namespace gridplus::tools {

namespace {

namespace fs = std::filesystem;

/// Steps out of service, [from, to), and why.
struct Interval {
  std::int64_t from = 0, to = 0;
  std::string reason;
};
using Outages = std::map<std::string, std::vector<Interval>>;

/// Text in quotes as YAML and JSON both have it.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

const std::string& subject_of(const Model& model, const PlannedOutage& outage) {
  switch (outage.subject) {
    case PlannedOutage::Subject::producer:
      return model.names.producer[outage.index];
    case PlannedOutage::Subject::storage:
      return model.names.storage[outage.index];
    case PlannedOutage::Subject::branch:
      break;
  }
  return model.names.grid.branch[outage.index];
}

/// Joins what overlaps or touches: a run would take the end of the one for the end of both.
std::vector<Interval> joined(std::vector<Interval> intervals) {
  std::stable_sort(intervals.begin(), intervals.end(),
                   [](const Interval& a, const Interval& b) { return a.from < b.from; });
  std::vector<Interval> out;
  for (Interval& interval : intervals) {
    if (interval.from >= interval.to) continue;
    if (out.empty() || interval.from > out.back().to) {
      out.push_back(std::move(interval));
      continue;
    }
    out.back().to = std::max(out.back().to, interval.to);
    if (out.back().reason != interval.reason) out.back().reason.append("; ").append(interval.reason);
  }
  return out;
}

Outages outages_of(const Model& model, const adequacy::AdequacyModel& system, const adequacy::SampleRecord& sample,
                   std::vector<std::string>& link_outages) {
  Outages outages;
  for (const PlannedOutage& planned : model.outages)
    outages[subject_of(model, planned)].push_back({planned.from_step, planned.to_step, planned.reason});
  const UtcSeconds start = system.time.start().utc;
  const auto step_at = [&](double hours) { return system.time.first_step_from(start + std::llround(hours * 3600.0)); };
  for (const adequacy::Outage& outage : sample.outages) {
    const std::string& name = system.name_of(outage.component);
    if (outage.component >= system.units.size() + system.storage.size())
      link_outages.push_back(fmt::format("{} from {:.2f} h to {:.2f} h", name, outage.from_h, outage.to_h));
    else
      outages[name].push_back({step_at(outage.from_h), step_at(outage.to_h), "forced outage"});
  }
  for (auto& [name, intervals] : outages) intervals = joined(std::move(intervals));
  return outages;
}

/// The folder that holds both.
fs::path common_folder(const fs::path& a, const fs::path& b) {
  fs::path common;
  auto x = a.begin(), y = b.begin();
  for (; x != a.end() && y != b.end() && *x == *y; ++x, ++y) common /= *x;
  return common;
}

/// `--set` that gives every consumer the sample's factor on demand.
std::vector<std::string> load_sets(const Model& model, double factor) {
  std::vector<std::string> sets;
  std::size_t id = 0;
  for (const auto& bank : model.consumer_banks) {
    const auto fields = bank->fields();
    const auto scale = std::find_if(fields.begin(), fields.end(), [](const FieldInfo& f) { return f.key == "scale"; });
    for (std::size_t i = 0; i < bank->size(); ++i, ++id)
      if (scale != fields.end())
        sets.push_back(
            fmt::format("consumers.{}.scale={:.17g}", model.names.consumer[id],
                        factor * std::get<double>(bank->param(i, static_cast<std::size_t>(scale - fields.begin())))));
  }
  return sets;
}

std::string shell_word(const std::string& word) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._-/=+:@%,").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) out.append(c == '\'' ? std::string("'\\''") : std::string(1, c));
  return out.append("'");
}

std::string text_of(const ReplayRequest& request, const Model& model, const adequacy::AdequacyModel& system,
                    const adequacy::SampleRecord& sample, const fs::path& extended) {
  std::vector<std::string> link_outages;
  const Outages outages = outages_of(model, system, sample, link_outages);
  std::string text = fmt::format(
      "# Sample {} of an adequacy study of {} (seed {}): {:.6g} MWh unserved in {:.6g} h.\n"
      "# Written by gridplus adequacy --replay {}.\n",
      sample.sample, request.scenario.filename().string(), model.seed, sample.eens_mwh, sample.lole_h, sample.sample);
  if (sample.load_factor != 1.0)
    text += fmt::format("# All demand is {:.6g} times the scenario's.\n", sample.load_factor);
  for (const std::string& link : link_outages)
    text += fmt::format("# Not in the events, for a transfer limit is no branch: out of service {}.\n", link);
  text += fmt::format("gridplus: 1\nextends: {}\nname: {}\nevents:", quoted(extended.generic_string()),
                      quoted(fmt::format("{}_sample_{}", model.provenance.scenario_name, sample.sample)));
  bool any = false;
  for (const auto& [name, intervals] : outages)
    for (const Interval& out : intervals) {
      text += fmt::format("\n  - {{outage: {}, from: {}, to: {}, reason: {}}}", quoted(name),
                          format_time(model.time.at(out.from)), format_time(model.time.at(out.to)), quoted(out.reason));
      any = true;
    }
  return text + (any ? "\n" : " []\n");
}

}  // namespace

std::string write_replay(const ReplayRequest& request, const Model& model, const adequacy::AdequacyModel& system,
                         const adequacy::SampleRecord& sample) {
  const fs::path scenario = fs::canonical(request.scenario);
  std::error_code absent;
  if (fs::equivalent(request.file, scenario, absent) ||
      (request.file.extension() != ".yaml" && request.file.extension() != ".yml"))
    throw InputError(Diagnostic{{},
                                "--output",
                                fmt::format("the sample cannot be written to '{}'", request.file.string()),
                                "a file that ends in .yaml and is not the scenario itself",
                                {}});
  if (request.file.has_parent_path()) fs::create_directories(request.file.parent_path());
  const fs::path file = fs::weakly_canonical(fs::absolute(request.file));
  const fs::path folder = file.parent_path();
  std::ofstream stream(request.file);
  stream << text_of(request, model, system, sample, fs::relative(scenario, folder));
  stream.close();
  if (!stream) throw IoError(fmt::format("'{}' cannot be written", request.file.string()));
  std::string command = fmt::format("gridplus run {}", shell_word(request.file.string()));
  const fs::path root = common_folder(folder, scenario.parent_path());
  if (root != folder) command += fmt::format(" --data-root {}", shell_word(root.string()));
  std::vector<std::string> sets = request.sets;
  if (sample.load_factor != 1.0)
    for (std::string& set : load_sets(model, sample.load_factor)) sets.push_back(std::move(set));
  for (const std::string& set : sets) command += fmt::format(" --set {}", shell_word(set));
  return command;
}

}  // namespace gridplus::tools
