#include "tools/gridplus/notes.hpp"

#include <fmt/format.h>

#include "sim/comms/deadlines.hpp"

namespace gridplus::tools {

std::string notes_on(const Model& model) {
  if (model.communication == nullptr) return {};
  const auto step_s = static_cast<double>(model.time.step_s());
  const CommunicationModel& plan = *model.communication;
  std::string classes;
  for (const comms::MessageClass c : comms::unresolved_deadlines(plan.network, plan.transport, step_s)) {
    const auto m = static_cast<std::size_t>(c);
    classes += fmt::format("{}{} ({:g} s)", classes.empty() ? "" : ", ", comms::k_class_names[m],
                           plan.transport.classes[m].deadline_s);
  }
  if (classes.empty()) return {};
  return fmt::format(
      "gridplus: warning: communication: the deadline of {} is shorter than a tenth of the step of {:g} s; on-time "
      "ratios are reported, but what messages that are late by less than a step do to control is not simulated\n",
      classes, step_s);
}

}  // namespace gridplus::tools
