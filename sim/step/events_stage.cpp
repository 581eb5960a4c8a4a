// What goes out of service and comes back: planned outages, failures, storms; the switching state that follows, and the
// islands where something switched.

#include <algorithm>

#include "sim/step/stage.hpp"
#include "sim/step/telemetry.hpp"

namespace gridplus {

namespace {

class EventsStage final : public Stage {
 public:
  explicit EventsStage(const Model& model) : model_(model), microgrids_(model) {}
  [[nodiscard]] std::string_view label() const override { return "events"; }
  [[nodiscard]] std::string_view description() const override {
    return "starts and ends outages, failures and repairs; opens and closes ties of microgrids; finds islands again if "
           "something switched";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::step; }

  void run(SimulationState& state, Frame& frame) override {
    if (first_) {
      frame.topology = make_topology(model_, state);
      frame.topology_changed = true;
      first_ = false;
    }
    look_ahead(state, frame.context);
    looked_at_ = -1;
    state.outages = std::move(coming_.outages);
    state.microgrids = std::move(coming_.microgrids);
    const bool planned = note_planned(frame);
    for (Event& event : coming_.events) frame.block.events.push_back(std::move(event));
    if (planned || coming_.switched) switch_over(state, frame);
    if (!model_.microgrids.empty()) mark_islands(model_, state.microgrids, frame.topology);
  }

  [[nodiscard]] bool begins_block(const SimulationState& state, const StepContext& context) override {
    if (state.storage_forms != 0) return true;  // before the next step, the flow tells storage what it gave
    look_ahead(state, context);
    return coming_.switched;
  }

 private:
  /// What a step brings, found before it runs.
  struct Coming {
    OutageState outages;
    MicrogridState microgrids;
    Switches switches;
    std::vector<Event> events;
    bool switched = false;
  };

  void switch_over(SimulationState& state, Frame& frame) {
    state.branch_closed = std::move(coming_.switches.branch_closed);
    state.producer_out = std::move(coming_.switches.producer_out);
    state.storage_out = std::move(coming_.switches.storage_out);
    Topology now = make_topology(model_, state);
    state.dispatch = carry_over(state.dispatch, frame.topology.islands, now.islands);
    frame.topology = std::move(now);
    frame.topology_changed = true;
  }

  void look_ahead(const SimulationState& state, const StepContext& context) {
    if (looked_at_ == context.step) return;
    coming_.outages = state.outages;
    coming_.events.clear();
    coming_.microgrids = state.microgrids;
    std::vector<std::uint8_t> blind;
    if (model_.outage_plan.repairs.look() && any_out(state.outages)) blind = blind_groups(model_, state);
    coming_.switched = advance_outages(model_.outage_plan, context, coming_.outages, coming_.events, std::move(blind));
    looked_at_ = context.step;
    const bool microgrids = !model_.microgrids.empty();
    if (!microgrids && !coming_.switched && !planned_at(context.step)) return;
    set_switches(context.step, coming_.outages, coming_.switches);
    if (!microgrids) return;
    microgrids_.advance(state, context, coming_.microgrids, coming_.switches, coming_.events);
    coming_.switched = coming_.switched || coming_.switches.branch_closed != state.branch_closed;
  }

  static bool any_out(const OutageState& outages) {
    return std::any_of(outages.status.begin(), outages.status.end(),
                       [](std::uint8_t status) { return status != OutageState::up; });
  }

  [[nodiscard]] bool planned_at(std::int64_t step) const {
    return std::any_of(model_.outages.begin(), model_.outages.end(),
                       [&](const PlannedOutage& outage) { return outage.from_step == step || outage.to_step == step; });
  }

  /// Says which planned outages begin and end; returns whether any does.
  bool note_planned(Frame& frame) const {
    bool any = false;
    for (const PlannedOutage& outage : model_.outages) {
      const bool begins = outage.from_step == frame.context.step, ends = outage.to_step == frame.context.step;
      if (!begins && !ends) continue;
      any = true;
      frame.block.events.push_back(
          {frame.context.step, begins ? "outage" : "return_to_service", name_of({outage.subject, outage.index}),
           static_cast<double>(outage.to_step - outage.from_step) * model_.time.step_h(), outage.reason});
    }
    return any;
  }

  /// The switching state of a step: what is out for any reason is out.
  void set_switches(std::int64_t step, const OutageState& outages, Switches& switches) const {
    switches.branch_closed = model_.initially_closed;
    switches.producer_out.assign(model_.producer_count(), 0);
    switches.storage_out.assign(model_.storage_count(), 0);
    for (const PlannedOutage& outage : model_.outages)
      if (outage.from_step <= step && step < outage.to_step) take_out({outage.subject, outage.index}, switches);
    const OutagePlan& plan = model_.outage_plan;
    for (std::size_t g = 0; g < plan.groups.size(); ++g)
      if (outages.status[g] != OutageState::up)
        for (const OutageSubject& member : plan.groups[g].members) take_out(member, switches);
  }

  static void take_out(const OutageSubject& subject, Switches& switches) {
    switch (subject.kind) {
      case OutageSubject::Kind::branch:
        switches.branch_closed[subject.index] = 0;
        return;
      case OutageSubject::Kind::producer:
        switches.producer_out[subject.index] = 1;
        return;
      case OutageSubject::Kind::storage:
        switches.storage_out[subject.index] = 1;
        return;
    }
  }
  [[nodiscard]] const std::string& name_of(const OutageSubject& subject) const {
    switch (subject.kind) {
      case OutageSubject::Kind::branch:
        return model_.names.grid.branch[subject.index];
      case OutageSubject::Kind::producer:
        return model_.names.producer[subject.index];
      default:
        return model_.names.storage[subject.index];
    }
  }
  const Model& model_;
  MicrogridControl microgrids_;
  Coming coming_;
  std::int64_t looked_at_ = -1;  ///< the step that coming_ is of
  bool first_ = true;
};

}  // namespace

std::unique_ptr<Stage> make_events_stage(const Model& model) {
  return std::make_unique<EventsStage>(model);
}

}  // namespace gridplus
