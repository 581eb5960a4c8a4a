// What goes out of service and comes back: planned outages, failures, storms; the switching state that follows, and the
// islands where something switched.

#include <algorithm>

#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

class EventsStage final : public Stage {
 public:
  explicit EventsStage(const Model& model) : model_(model) {}
  [[nodiscard]] std::string_view label() const override { return "events"; }
  [[nodiscard]] std::string_view description() const override {
    return "starts and ends outages, failures and repairs; finds islands again if something switched";
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
    for (Event& event : coming_.events) frame.block.events.push_back(std::move(event));
    const bool planned = note_planned(frame);
    if (!planned && !coming_.switched) return;
    set_switches(frame.context.step, state);
    Topology now = make_topology(model_, state);
    state.dispatch = carry_over(state.dispatch, frame.topology.islands, now.islands);
    frame.topology = std::move(now);
    frame.topology_changed = true;
  }

  [[nodiscard]] bool begins_block(const SimulationState& state, const StepContext& context) override {
    look_ahead(state, context);
    return coming_.switched;
  }

 private:
  /// What chance brings in a step, found before it runs.
  struct Coming {
    OutageState outages;
    std::vector<Event> events;
    bool switched = false;
  };

  void look_ahead(const SimulationState& state, const StepContext& context) {
    if (looked_at_ == context.step) return;
    coming_.outages = state.outages;
    coming_.events.clear();
    coming_.switched = advance_outages(model_.outage_plan, context, coming_.outages, coming_.events);
    looked_at_ = context.step;
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
  void set_switches(std::int64_t step, SimulationState& state) const {
    state.branch_closed = model_.initially_closed;
    std::fill(state.producer_out.begin(), state.producer_out.end(), std::uint8_t{0});
    std::fill(state.storage_out.begin(), state.storage_out.end(), std::uint8_t{0});
    for (const PlannedOutage& outage : model_.outages)
      if (outage.from_step <= step && step < outage.to_step) take_out({outage.subject, outage.index}, state);
    const OutagePlan& plan = model_.outage_plan;
    for (std::size_t g = 0; g < plan.groups.size(); ++g)
      if (state.outages.status[g] != OutageState::up)
        for (const OutageSubject& member : plan.groups[g].members) take_out(member, state);
  }

  static void take_out(const OutageSubject& subject, SimulationState& state) {
    switch (subject.kind) {
      case OutageSubject::Kind::branch:
        state.branch_closed[subject.index] = 0;
        return;
      case OutageSubject::Kind::producer:
        state.producer_out[subject.index] = 1;
        return;
      case OutageSubject::Kind::storage:
        state.storage_out[subject.index] = 1;
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
  Coming coming_;
  std::int64_t looked_at_ = -1;  ///< the step that coming_ is of
  bool first_ = true;
};

}  // namespace

std::unique_ptr<Stage> make_events_stage(const Model& model) {
  return std::make_unique<EventsStage>(model);
}

}  // namespace gridplus
