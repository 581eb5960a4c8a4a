#include "tools/live/telemetry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sim/core/calendar.hpp"

namespace gridplus::live {

namespace {

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A group that can be sent: its name, its part of a block, and the names of its entities.
struct Source {
  std::string name;
  const GroupBlock StepBlock::*part;
  const std::vector<std::string>* entities;
};

std::vector<Source> sources(const Model& model) {
  std::vector<Source> all = {{"producer", &StepBlock::producer, &model.names.producer},
                             {"consumer", &StepBlock::consumer, &model.names.consumer},
                             {"storage", &StepBlock::storage, &model.names.storage},
                             {"bus", &StepBlock::bus, &model.names.grid.bus},
                             {"branch", &StepBlock::branch, &model.names.grid.branch}};
  if (model.communication == nullptr) return all;
  const comms::NetworkNames& names = model.communication->names;
  all.push_back({"node", &StepBlock::node, &names.node});
  all.push_back({"link", &StepBlock::link, &names.link});
  all.push_back({"controller", &StepBlock::controller, &names.controller});
  return all;
}

/// `"p_mw":1.5,"online":1`: what is no number in JSON is null.
void append_values(const GroupBlock& block, std::size_t entity, std::string& out) {
  const auto variables = block.variables();
  for (std::size_t v = 0; v < variables.size(); ++v) {
    const double value = block.at(v, 0)[entity];
    if (std::isfinite(value))
      fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", v == 0 ? "" : ",", variables[v].name, value);
    else
      fmt::format_to(std::back_inserter(out), "{}\"{}\":null", v == 0 ? "" : ",", variables[v].name);
  }
}

}  // namespace

std::vector<std::string> telemetry_groups(const Model& model) {
  std::vector<std::string> names;
  for (const Source& source : sources(model)) names.push_back(source.name);
  return names;
}

Telemetry::Telemetry(const Model& model, const Topics& topics, TelemetryOptions options)
    : model_(model), topics_(topics), batch_(options.batch) {
  const std::vector<Source> known = sources(model);
  for (const std::string& name : options.groups) {
    const auto source = std::find_if(known.begin(), known.end(), [&](const Source& s) { return s.name == name; });
    if (source == known.end()) {
      const std::vector<std::string> names = telemetry_groups(model);
      throw InputError(Diagnostic{{},
                                  "--telemetry",
                                  fmt::format("there is no group '{}'", name),
                                  fmt::format("{}, none", fmt::join(names, ", ")),
                                  did_you_mean(name, names)});
    }
    if (std::any_of(groups_.begin(), groups_.end(), [&](const Group& g) { return g.name == name; })) continue;
    Group group{name, source->part, {}, {}};
    for (const std::string& entity : *source->entities) {
      group.topics.push_back(topics.of(name, entity));
      group.keys.push_back(json_text(entity));
    }
    if (!group.keys.empty()) groups_.push_back(std::move(group));
  }
}

std::size_t Telemetry::messages_per_step() const {
  std::size_t count = 1;
  for (const Group& group : groups_) count += batch_ ? 1 : group.topics.size();
  return count;
}

void Telemetry::send_step(const StepBlock& block, double late_s, std::int64_t late_steps, Outbox& out) const {
  const std::string head =
      fmt::format("{{\"step\":{},\"time\":\"{}\",", block.first, format_time(model_.time.at(block.first)));
  for (const Group& group : groups_) send_group(group, block.*group.part, head, out);
  std::string totals = head;
  append_values(block.step, 0, totals);
  fmt::format_to(std::back_inserter(totals), ",\"late_s\":{:.3f},\"late_steps\":{}}}", late_s, late_steps);
  out.send({topics_.of("step"), std::move(totals), false});
}

void Telemetry::send_group(const Group& group, const GroupBlock& block, const std::string& head, Outbox& out) const {
  if (!batch_) {
    for (std::size_t i = 0; i < group.topics.size(); ++i) {
      std::string payload = head;
      append_values(block, i, payload);
      payload += '}';
      out.send({group.topics[i], std::move(payload), false});
    }
    return;
  }
  std::string payload = fmt::format("{}\"{}\":{{", head, group.name);
  for (std::size_t i = 0; i < group.keys.size(); ++i) {
    payload += fmt::format("{}{}:{{", i == 0 ? "" : ",", group.keys[i]);
    append_values(block, i, payload);
    payload += '}';
  }
  payload += "}}";
  out.send({topics_.of(group.name), std::move(payload), false});
}

void Telemetry::send_kpis(const RunSummary& summary, std::int64_t next_step, Outbox& out) const {
  std::string payload =
      fmt::format("{{\"steps\":{},\"time\":\"{}\"", summary.steps, format_time(model_.time.at(next_step)));
  for (const Kpi& kpi : summary.kpis)
    payload += std::isfinite(kpi.value) ? fmt::format(",\"{}\":{}", kpi.name, kpi.value)
                                        : fmt::format(",\"{}\":null", kpi.name);
  out.send({topics_.of("kpi"), payload + "}", true});
}

}  // namespace gridplus::live
