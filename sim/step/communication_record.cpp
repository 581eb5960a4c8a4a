#include "sim/step/communication_record.hpp"

#include <algorithm>
#include <limits>

#include "sim/comms/paths.hpp"

namespace gridplus {

namespace {

double ratio(double part, double whole) {
  return whole > 0.0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
}

void write_links(const comms::TransportState& messages, const comms::PathTable& paths, std::size_t s,
                 StepBlock& block) {
  constexpr auto k_telemetry = static_cast<std::size_t>(comms::MessageClass::telemetry);
  const auto queues = paths.queues();
  for (std::size_t l = 0; l < messages.availability.link_up.size(); ++l) {
    const comms::QueueStep &to = queues[2 * l], &back = queues[2 * l + 1];
    double backlog_bit = 0.0;
    for (std::size_t m = 0; m < comms::k_classes; ++m)
      backlog_bit += messages.backlog_bit[2 * l][m] + messages.backlog_bit[2 * l + 1][m];
    block.of(LinkVar::up, s)[l] = messages.availability.link_up[l];
    block.of(LinkVar::load_percent, s)[l] = 100.0 * std::max(to.load, back.load);
    block.of(LinkVar::backlog_mbit, s)[l] = 1e-6 * backlog_bit;
    block.of(LinkVar::wait_s, s)[l] = std::max(to.wait_s[k_telemetry], back.wait_s[k_telemetry]);
    block.of(LinkVar::lost_share, s)[l] = std::max(to.lost_share[k_telemetry], back.lost_share[k_telemetry]);
  }
}

void write_classes(const comms::StepCount& count, std::size_t s, StepBlock& block) {
  for (std::size_t m = 0; m < comms::k_classes; ++m) {
    const comms::ClassCount& c = count.classes[m];
    const auto sent = static_cast<double>(c.sent), delivered = static_cast<double>(c.delivered);
    const auto on_time = static_cast<double>(c.on_time);
    block.of(EndpointClassVar::sent, s)[m] = sent;
    block.of(EndpointClassVar::delivered, s)[m] = delivered;
    block.of(EndpointClassVar::on_time, s)[m] = on_time;
    block.of(EndpointClassVar::duplicates, s)[m] = static_cast<double>(c.duplicates);
    block.of(EndpointClassVar::delivery_ratio, s)[m] = ratio(delivered, sent);
    block.of(EndpointClassVar::on_time_ratio, s)[m] = ratio(on_time, sent);
  }
}

void write_controllers(const comms::StepCount& count, std::span<const double> fallback_mw, std::size_t s,
                       StepBlock& block) {
  for (std::size_t c = 0; c < count.controllers.size(); ++c) {
    const comms::ControllerCount& known = count.controllers[c];
    block.of(ControllerVar::age_mean_s, s)[c] = ratio(known.age_sum_s, static_cast<double>(known.endpoints));
    block.of(ControllerVar::age_p50_s, s)[c] = known.ages.quantile_s(0.50);
    block.of(ControllerVar::age_p95_s, s)[c] = known.ages.quantile_s(0.95);
    block.of(ControllerVar::age_p99_s, s)[c] = known.ages.quantile_s(0.99);
    block.of(ControllerVar::observability, s)[c] = ratio(known.observed_mw, known.reported_mw);
    block.of(ControllerVar::control_availability, s)[c] =
        ratio(static_cast<double>(known.under_control), static_cast<double>(known.controllable));
    block.of(ControllerVar::control_availability_weighted, s)[c] = ratio(known.under_control_mw, known.controllable_mw);
    block.of(ControllerVar::fallback_mw, s)[c] = fallback_mw[c];
  }
}

}  // namespace

void record_communication(const comms::TransportState& messages, const comms::Transport& transport,
                          std::span<const double> fallback_mw, std::size_t slot, StepBlock& block) {
  const comms::StepCount& count = transport.count();
  std::copy(messages.availability.node_up.begin(), messages.availability.node_up.end(),
            block.of(NodeVar::up, slot).begin());
  std::copy(messages.availability.battery_left_h.begin(), messages.availability.battery_left_h.end(),
            block.of(NodeVar::battery_left_h, slot).begin());
  write_links(messages, transport.paths(), slot, block);
  write_classes(count, slot, block);
  write_controllers(count, fallback_mw, slot, block);
}

void add_up(const comms::StepCount& count, double step_h, KpiAccount& kpis) {
  KpiAccount::Communication& sums = kpis.communication;
  for (std::size_t m = 0; m < comms::k_classes; ++m) sums.classes[m].add(count.classes[m]);
  sums.meter_intervals += count.meter_intervals;
  sums.meter_received += count.meter_received;
  sums.meter_lost += count.meter_lost;
  sums.reroutes += count.rerouted ? 1 : 0;
  kpis.ages.resize(count.controllers.size());
  kpis.portfolios.resize(count.controllers.size() + 1);
  double controllable_mw = 0.0, under_control_mw = 0.0;
  for (std::size_t c = 0; c < count.controllers.size(); ++c) {
    const comms::ControllerCount& known = count.controllers[c];
    sums.controllable += known.controllable;
    sums.under_control += known.under_control;
    controllable_mw += known.controllable_mw;
    under_control_mw += known.under_control_mw;
    kpis.portfolios[c].add_step(known.under_control_mw, known.controllable_mw, step_h);
    sums.reported_mwh += known.reported_mw * step_h;
    sums.observed_mwh += known.observed_mw * step_h;
    kpis.ages[c].add(known.ages);
  }
  kpis.portfolios.back().add_step(under_control_mw, controllable_mw, step_h);
}

}  // namespace gridplus
