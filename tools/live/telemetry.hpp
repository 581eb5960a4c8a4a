// What a step looks like from outside: JSON messages of devices, buses and totals.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/step/block.hpp"
#include "sim/step/kpi.hpp"
#include "sim/step/model.hpp"
#include "tools/live/outbox.hpp"
#include "tools/live/topics.hpp"

namespace gridplus::live {

struct TelemetryOptions {
  std::vector<std::string> groups = {"producer", "consumer", "storage"};
  bool batch = false;  ///< one message a group in place of one an entity
};

/// The groups that TelemetryOptions may name, for this model.
[[nodiscard]] std::vector<std::string> telemetry_groups(const Model& model);

class Telemetry {
 public:
  /// `model` and `topics` must outlive it. Throws InputError for a group that there is not.
  Telemetry(const Model& model, const Topics& topics, TelemetryOptions options);

  /// Sends the first step of `block`: every entity of the chosen groups, then the totals, so that who has received the
  /// totals of a step has received all of it. `late_s`: by how much the step is late; `late_steps`: until now.
  void send_step(const StepBlock& block, double late_s, std::int64_t late_steps, Outbox& out) const;
  void send_kpis(const RunSummary& summary, std::int64_t next_step, Outbox& out) const;

  /// Messages that send_step() sends.
  [[nodiscard]] std::size_t messages_per_step() const;

 private:
  struct Group {
    std::string name;
    const GroupBlock StepBlock::*part = nullptr;
    std::vector<std::string> topics, keys;  ///< per entity; keys: names as JSON
  };
  void send_group(const Group& group, const GroupBlock& block, const std::string& head, Outbox& out) const;

  const Model& model_;
  const Topics& topics_;
  bool batch_;
  std::vector<Group> groups_;
};

}  // namespace gridplus::live
