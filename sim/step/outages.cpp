#include "sim/step/outages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/core/random.hpp"
#include "sim/device/model.hpp"
#include "sim/step/block.hpp"

namespace gridplus {

namespace {

/// Draws under one key; never renumber.
enum Draw : std::uint32_t { draw_failure = 0, draw_repair = 1, draw_strength = 2 };

double draw(const StepContext& context, std::uint32_t entity, std::uint64_t step, Draw number) {
  return uniform({context.seed, context.replicate, RandomStream::outage, entity, step}, number);
}

double interpolate(const Curve& curve, double x) {
  if (curve.count == 0 || x <= curve.x[0]) return curve.count == 0 ? 0.0 : curve.y[0];
  for (std::uint32_t i = 1; i < curve.count; ++i)
    if (x <= curve.x[i])
      return curve.y[i - 1] + (curve.y[i] - curve.y[i - 1]) * (x - curve.x[i - 1]) / (curve.x[i] - curve.x[i - 1]);
  return curve.y[curve.count - 1];
}

/// One step of all groups.
class Advance {
 public:
  Advance(const OutagePlan& plan, const StepContext& context, OutageState& state, std::vector<Event>& events,
          std::vector<std::uint8_t> blind)
      : plan_(plan),
        context_(context),
        state_(state),
        events_(events),
        unsafe_(plan.groups.size(), 0),
        blind_(std::move(blind)) {
    blind_.resize(plan.groups.size(), 0);
  }

  bool run() {
    for (std::size_t g = 0; g < plan_.groups.size(); ++g)
      state_.status[g] == OutageState::up ? fail_by_chance(g) : repair(g);
    for (const Storm& storm : plan_.storms) blow(storm);
    send_crews();
    return switched_;
  }

 private:
  [[nodiscard]] std::uint64_t step() const { return static_cast<std::uint64_t>(context_.step); }
  [[nodiscard]] double hours_since(std::size_t g) const {
    return static_cast<double>(context_.step - state_.since_step[g]) * context_.step_h;
  }
  void note(const char* kind, std::size_t g, double value, std::string reason) {
    events_.push_back({context_.step, kind, plan_.groups[g].name, value, std::move(reason)});
  }

  void fail_by_chance(std::size_t g) {
    const FailureGroup& group = plan_.groups[g];
    if (group.failure_rate_per_h <= 0.0) return;
    const double chance = two_state_chances(group.failure_rate_per_h, group.repair_rate_per_h, context_.step_h).fail;
    if (draw(context_, group.random_key, step(), draw_failure) < chance)
      fail(g, group.repair_rate_per_h, 0.0, "random failure");
  }

  void fail(std::size_t g, double repair_rate_per_h, double value, std::string reason) {
    state_.status[g] = OutageState::waiting;
    state_.since_step[g] = context_.step;
    state_.repair_rate_per_h[g] = repair_rate_per_h;
    switched_ = true;
    note("failure", g, value, std::move(reason));
  }

  void repair(std::size_t g) {
    if (state_.status[g] != OutageState::in_repair) return;
    const FailureGroup& group = plan_.groups[g];
    const double slower = blind_[g] != 0 ? plan_.repairs.blind_factor : 1.0;
    const double chance =
        two_state_chances(group.failure_rate_per_h, state_.repair_rate_per_h[g] / slower, context_.step_h).repair;
    if (draw(context_, group.random_key, step(), draw_repair) >= chance) return;
    state_.status[g] = OutageState::up;
    switched_ = true;
    note("repaired", g, hours_since(g), "hours out of service");
  }

  void blow(const Storm& storm) {
    const double wind = context_.value(storm.wind_m_per_s);
    const double chance = storm.chance(wind);
    for (const Storm::Exposure& exposure : storm.exposed) {
      const std::size_t g = exposure.group;
      if (wind > storm.safe_wind_m_per_s) unsafe_[g] = 1;
      if (chance <= 0.0 || state_.status[g] != OutageState::up) continue;
      const double strength = draw(context_, plan_.groups[g].random_key, storm.random_key, draw_strength);
      if (strength < 1.0 - std::pow(1.0 - chance, exposure.spans))
        fail(g, storm.repair_rate_per_h, wind, fmt::format("storm '{}', wind in m/s", storm.name));
    }
  }

  /// Free crews go to what waits, by priority, then by how long it has waited. A crew that a storm drives off the work
  /// comes back as any other.
  void send_crews() {
    std::vector<std::size_t> waiting;
    std::int64_t busy = 0;
    for (std::size_t g = 0; g < plan_.groups.size(); ++g) {
      if (state_.status[g] == OutageState::in_repair && unsafe_[g] != 0) state_.status[g] = OutageState::waiting;
      if (state_.status[g] == OutageState::in_repair) ++busy;
      if (state_.status[g] != OutageState::waiting || unsafe_[g] != 0) continue;
      const RepairOptions& repairs = plan_.repairs;
      const std::int64_t known_after = blind_[g] != 0 ? repairs.blind_detection_steps : repairs.detection_steps;
      if (context_.step - state_.since_step[g] >= known_after) waiting.push_back(g);
    }
    std::stable_sort(waiting.begin(), waiting.end(), [&](std::size_t a, std::size_t b) {
      if (plan_.groups[a].priority != plan_.groups[b].priority)
        return plan_.groups[a].priority < plan_.groups[b].priority;
      return state_.since_step[a] < state_.since_step[b];
    });
    for (const std::size_t g : waiting) {
      if (plan_.repairs.crews > 0 && busy >= plan_.repairs.crews) return;
      state_.status[g] = OutageState::in_repair;
      ++busy;
      if (plan_.repairs.crews > 0 || plan_.repairs.detection_steps > 0 || plan_.repairs.look())
        note("repair_started", g, hours_since(g), "hours since the failure");
    }
  }

  const OutagePlan& plan_;
  const StepContext& context_;
  OutageState& state_;
  std::vector<Event>& events_;
  std::vector<std::uint8_t> unsafe_;  ///< per group: too much wind for work
  std::vector<std::uint8_t> blind_;   ///< per group: nothing reports on it
  bool switched_ = false;
};

}  // namespace

double Storm::chance(double speed_m_per_s) const {
  if (median_m_per_s <= 0.0) return std::clamp(interpolate(fragility, speed_m_per_s), 0.0, 1.0);
  if (speed_m_per_s <= 0.0) return 0.0;
  const double z = std::log(speed_m_per_s / median_m_per_s) / sigma;
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

OutageState initial_outages(const OutagePlan& plan) {
  OutageState state;
  state.status.assign(plan.groups.size(), OutageState::up);
  state.since_step.assign(plan.groups.size(), 0);
  for (const FailureGroup& group : plan.groups) state.repair_rate_per_h.push_back(group.repair_rate_per_h);
  return state;
}

TwoStateChances two_state_chances(double failure_rate_per_h, double repair_rate_per_h, double step_h) {
  const double sum = failure_rate_per_h + repair_rate_per_h;
  if (sum <= 0.0) return {};
  const double settled = -std::expm1(-sum * step_h);
  return {failure_rate_per_h / sum * settled, repair_rate_per_h / sum * settled};
}

bool advance_outages(const OutagePlan& plan, const StepContext& context, OutageState& state, std::vector<Event>& events,
                     std::vector<std::uint8_t> blind) {
  return !plan.groups.empty() && Advance(plan, context, state, events, std::move(blind)).run();
}

}  // namespace gridplus
