#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/step/simulation.hpp"
#include "tests/sim/step/connected_system.hpp"
#include "tests/sim/step/recorded.hpp"

namespace gridplus {
namespace {

using comms::Attack;
using comms::AttackAction;
using comms::AttackKind;
using test::connected_system;
using test::figure;
using test::ideal;
using test::record;
using test::Wish;

constexpr std::int64_t k_start = 10;

Attack attack_of(AttackKind kind, std::vector<std::uint32_t> endpoints, double share = 1.0) {
  Attack attack;
  attack.name = std::string(comms::k_attack_kinds[static_cast<std::size_t>(kind)]);
  attack.random_key = 1000 + static_cast<std::uint64_t>(kind);
  attack.kind = kind;
  attack.endpoints = std::move(endpoints);
  attack.share = share;
  attack.start_step = k_start;
  return attack;
}

/// The small system under `attacks`. Endpoints: coal, gas, farm, battery, town, village.
std::unique_ptr<Model> attacked(std::int64_t steps, std::vector<Attack> attacks, const comms::Defences& defences = {},
                                Wish wish = {ideal()}) {
  auto model = test::small_system(steps);
  auto plan = test::network_of(*model, wish);
  plan->attacks.attacks = std::move(attacks);
  plan->attacks.defences = defences;
  model->communication = std::move(plan);
  return model;
}

struct Outcome {
  std::vector<double> all;
  RunSummary summary;
  std::vector<Event> events;
  [[nodiscard]] double of(std::string_view name) const { return figure(summary, name); }
  [[nodiscard]] std::size_t happened(std::string_view kind) const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
  }
};

Outcome run(const Model& model, int threads = 1, const std::function<void(const StepBlock&)>& look = {}) {
  Simulation simulation(model, threads);
  Outcome outcome;
  outcome.all = record(simulation, [&](const StepBlock& block) {
    outcome.events.insert(outcome.events.end(), block.events.begin(), block.events.end());
    if (look) look(block);
  });
  outcome.summary = simulation.summary();
  return outcome;
}

double attack_value(const StepBlock& block, AttackVar variable, std::size_t s, std::size_t a = 0) {
  return block.attack.at(static_cast<std::size_t>(variable), s)[a];
}

TEST(Cyber, AnAttackOnNobodyChangesNoBit) {
  const std::vector<std::uint32_t> all = {0, 1, 2, 3, 4, 5};
  std::vector<Attack> attacks;
  for (const AttackKind kind : {AttackKind::false_data, AttackKind::frozen_commands, AttackKind::market_manipulation})
    attacks.push_back(attack_of(kind, all, 0.0));
  EXPECT_TRUE(run(*attacked(100, attacks)).all == record(*std::make_unique<Simulation>(*test::small_system(100), 1)));
}

TEST(Cyber, BiasedReportsMoveTheDispatchByShareTimesBiasTimesLoad) {
  constexpr double k_bias = -0.2;
  Attack attack = attack_of(AttackKind::false_data, {4, 5});
  attack.bias = k_bias;
  const Outcome outcome = run(*attacked(60, {attack}), 1, [](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      const bool on = block.first + static_cast<std::int64_t>(s) >= k_start;
      const double load_mw = block.of(StepVar::demand_mw, s);
      EXPECT_NEAR(attack_value(block, AttackVar::falsified_mw, s), on ? k_bias * load_mw : 0.0, 1e-9);
    }
  });
  EXPECT_GT(outcome.of("falsified_mwh"), 0.0);
  EXPECT_EQ(outcome.of("attacks"), 1.0);
  EXPECT_EQ(outcome.happened("attack_started"), 1U);
}

TEST(Cyber, OffsetAndReplayAreWhatIsReported) {
  Attack offset = attack_of(AttackKind::false_data, {4});
  offset.offset_mw = 3.0;
  Attack replay = attack_of(AttackKind::false_data, {5});
  replay.name = "replay";
  replay.replay_h = 6.0;
  std::vector<double> village_mw;
  (void)run(*attacked(60, {offset, replay}), 1, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      village_mw.push_back(block.of(ConsumerVar::demand_mw, s)[1]);
      const std::size_t k = village_mw.size() - 1;
      if (static_cast<std::int64_t>(k) < k_start) continue;
      EXPECT_NEAR(attack_value(block, AttackVar::falsified_mw, s, 0), 3.0, 1e-9);
      EXPECT_NEAR(attack_value(block, AttackVar::falsified_mw, s, 1), village_mw[k - 6] - village_mw[k], 1e-9);
    }
  });
}

TEST(Cyber, TheResidualTestRefusesWhatIsTooFarOffUnlessStealthy) {
  comms::Defences defences;
  defences.residual_limit = 0.5;  // of a weight of 10 MW
  Attack attack = attack_of(AttackKind::false_data, {4});
  attack.offset_mw = 5.1;
  const Outcome refused = run(*attacked(60, {attack}, defences));
  EXPECT_EQ(refused.of("falsified_mwh"), 0.0);
  EXPECT_EQ(refused.happened("attack_detected"), 1U);
  EXPECT_EQ(refused.of("attack_detection_time_h"), 0.0);
  EXPECT_EQ(refused.happened("attack_contained"), 1U);
  attack.stealthy = true;
  EXPECT_NEAR(run(*attacked(60, {attack}, defences)).of("falsified_mwh"), 5.1 * 50, 1e-6);
  attack.stealthy = false;
  attack.offset_mw = 4.9;
  EXPECT_NEAR(run(*attacked(60, {attack}, defences)).of("falsified_mwh"), 4.9 * 50, 1e-6);
}

TEST(Cyber, CompromisedDevicesSwitchWhateverTheyAreTold) {
  Attack attack = attack_of(AttackKind::compromised_devices, {2, 3});
  attack.action = AttackAction::off;
  attack.duration_h = 20.0;
  const Outcome outcome = run(*attacked(60, {attack}), 1, [](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      const std::int64_t step = block.first + static_cast<std::int64_t>(s);
      const bool on = step >= k_start && step < k_start + 20;
      EXPECT_EQ(attack_value(block, AttackVar::phase, s), on ? 1.0 : 0.0);
      EXPECT_EQ(attack_value(block, AttackVar::endpoints, s), on ? 2.0 : 0.0);
      if (!on) continue;
      EXPECT_EQ(block.of(ProducerVar::p_mw, s)[2], 0.0);
      EXPECT_EQ(block.of(StorageVar::p_mw, s)[0], 0.0);
    }
  });
  EXPECT_EQ(outcome.of("attacked_endpoint_hours"), 40.0);
  EXPECT_EQ(outcome.happened("attack_ended"), 1U);
  EXPECT_GT(outcome.of("malicious_mwh"), 0.0);
}

TEST(Cyber, ForgedCommandsAreCountedAndAuthenticationRefusesThem) {
  Attack attack = attack_of(AttackKind::spoofed_commands, {3});
  attack.duration_h = 5.0;
  comms::Defences defences;
  const Outcome taken = run(*attacked(40, {attack}, defences));
  EXPECT_EQ(taken.of("spoofed_commands_delivered"), 5.0);
  EXPECT_EQ(taken.of("spoofed_commands_refused"), 0.0);
  defences.spoof_success = 0.0;
  const Outcome refused = run(*attacked(40, {attack}, defences));
  EXPECT_EQ(refused.of("spoofed_commands_refused"), 5.0);
  attack.share = 0.0;
  EXPECT_TRUE(refused.all == run(*attacked(40, {attack})).all);
}

TEST(Cyber, ForgedCommandsNeedAWayToTheDevice) {
  Attack attack = attack_of(AttackKind::spoofed_commands, {3});
  Wish wish{ideal()};
  wish.coverage = 0.0;
  EXPECT_EQ(run(*attacked(40, {attack}, {}, wish)).of("spoofed_commands_delivered"), 0.0);
}

TEST(Cyber, ARampLimitBoundsTheChangeOfASetPoint) {
  comms::Defences defences;
  defences.ramp_mw_per_h = 2.0;
  const Attack attack = attack_of(AttackKind::spoofed_commands, {3});
  std::vector<double> p_mw;
  (void)run(*attacked(20, {attack}, defences), 1, [&](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) p_mw.push_back(block.of(StorageVar::p_mw, s)[0]);
  });
  const auto before = static_cast<std::size_t>(k_start - 1);
  for (std::size_t k = before + 1; k < before + 4; ++k) EXPECT_GE(p_mw[k], p_mw[k - 1] - 2.0 - 1e-9) << k;
  EXPECT_LT(p_mw[before + 3], p_mw[before]);
}

TEST(Cyber, AFrozenControllerLeavesDevicesToTheirFallback) {
  Attack attack = attack_of(AttackKind::frozen_commands, {0, 1, 2, 3, 4, 5});
  Wish wish{ideal()};
  wish.validity_s = 3600.0;
  const Outcome silent = run(*attacked(60, {attack}, {}, wish));
  // Step 10 still follows the command of step 9: it is valid for an hour.
  EXPECT_NEAR(silent.of("control_availability"), 11.0 / 60.0, 1e-9);
  attack.repeat = true;
  EXPECT_EQ(run(*attacked(60, {attack}, {}, wish)).of("control_availability"), 1.0);
}

TEST(Cyber, OperatorsTakeContainedDevicesOffRemoteControl) {
  Attack attack = attack_of(AttackKind::spoofed_commands, {3});
  comms::Defences defences;
  defences.detection_time_h = 1e-6;  // at once
  defences.manual_time_h = 4.0;
  defences.restore_time_h = 12.0;
  const Outcome outcome = run(*attacked(60, {attack}, defences), 1, [](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      const std::int64_t step = block.first + static_cast<std::int64_t>(s);
      const double expected = step < k_start || step >= k_start + 13 ? 0.0 : (step < k_start + 5 ? 1.0 : 2.0);
      EXPECT_EQ(attack_value(block, AttackVar::phase, s), expected) << step;
      if (expected == 2.0) {
        EXPECT_EQ(block.of(StorageVar::p_mw, s)[0], 0.0);
      }
    }
  });
  EXPECT_EQ(outcome.happened("attack_detected"), 1U);
  EXPECT_EQ(outcome.happened("attack_contained"), 1U);
  EXPECT_EQ(outcome.happened("attack_restored"), 1U);
  EXPECT_EQ(outcome.of("attack_restoration_time_h"), 13.0);
}

TEST(Cyber, DenialOfServiceTakesCapacityAndMessages) {
  Wish wish{ideal()};
  Attack attack = attack_of(AttackKind::denial_of_service, {4, 5});
  attack.loss = 1.0;
  const Outcome jammed = run(*attacked(40, {attack}, {}, wish));
  EXPECT_NEAR(jammed.of("telemetry_delivery_ratio"), 1.0 - 2.0 / 6.0 * 30.0 / 40.0, 1e-9);
  const Outcome read = run(*attacked(40, {attack_of(AttackKind::exfiltration, {4})}));
  EXPECT_EQ(read.of("exfiltrated_reports"), 30.0);
  EXPECT_TRUE(read.all == record(*std::make_unique<Simulation>(*test::small_system(40), 1)));
}

TEST(Cyber, AMarkUpShowsInThePriceAndWithheldCapacityInTheDispatch) {
  Attack attack = attack_of(AttackKind::market_manipulation, {0, 1});
  attack.mark_up = 0.5;
  const auto mean_price = [](const Model& model) {
    double sum = 0.0, n = 0.0;
    (void)run(model, 1, [&](const StepBlock& block) {
      for (std::size_t s = 0; s < block.count; ++s)
        if (block.first + static_cast<std::int64_t>(s) >= k_start) sum += block.of(BusVar::price_per_mwh, s)[0], n += 1;
    });
    return sum / n;
  };
  const double honest = mean_price(*test::small_system(100));
  EXPECT_NEAR(mean_price(*attacked(100, {attack})), 1.5 * honest, 0.05 * honest);
  attack.withheld = 0.3;
  EXPECT_GT(run(*attacked(100, {attack})).of("withheld_mwh"), 0.0);
}

std::vector<Attack> many() {
  Attack data = attack_of(AttackKind::false_data, {2, 4, 5}, 0.7);
  data.bias = 0.3;
  data.replay_h = 5.0;
  Attack devices = attack_of(AttackKind::compromised_devices, {2, 3}, 0.6);
  devices.action = AttackAction::alternate;
  devices.mean_interval_h = 30.0;
  devices.duration_h = 10.0;
  devices.synchronicity = 0.0;
  devices.spread_h = 4.0;
  Attack frozen = attack_of(AttackKind::frozen_commands, {0, 1, 3}, 0.9);
  frozen.repeat = true;
  frozen.mean_interval_h = 60.0;
  frozen.duration_h = 20.0;
  Attack jam = attack_of(AttackKind::denial_of_service, {0, 1, 2, 3, 4, 5});
  jam.loss = 0.4;
  jam.mean_interval_h = 25.0;
  jam.duration_h = 6.0;
  return {data, devices, frozen, jam};
}

comms::Defences some_defences() {
  comms::Defences defences;
  defences.detection_time_h = 20.0;
  defences.restore_time_h = 10.0;
  defences.ramp_mw_per_h = 8.0;
  return defences;
}

TEST(Cyber, SameAnswerForEveryNumberOfThreads) {
  const auto model = attacked(200, many(), some_defences());
  const std::vector<double> one = run(*model, 1).all;
  EXPECT_TRUE(run(*model, 2).all == one);
  EXPECT_TRUE(run(*model, 8).all == one);
}

TEST(Cyber, ContinuesFromACheckpointToTheSameBits) {
  const auto model = attacked(160, many(), some_defences());
  const std::vector<double> whole = run(*model).all;
  Simulation first(*model, 1);
  for (int blocks = 0; blocks < 70; ++blocks) (void)first.advance();
  Simulation second(*model, 2);
  second.restore(first.checkpoint());
  const std::vector<double> rest = record(second), expected = record(first);
  EXPECT_TRUE(rest == expected);
  ASSERT_LE(rest.size(), whole.size());
  EXPECT_TRUE(std::equal(rest.begin(), rest.end(), whole.end() - static_cast<std::ptrdiff_t>(rest.size())));
}

TEST(Cyber, MoreJammingNeverServesMore) {
  Wish wish{ideal()};
  wish.validity_s = 0.0;
  wish.fallback = Fallback::zero;
  double before_mwh = 0.0;
  for (const double loss : {0.0, 0.2, 0.5, 0.8, 1.0}) {
    Attack attack = attack_of(AttackKind::denial_of_service, {0, 1, 2, 3, 4, 5});
    attack.loss = loss;
    const double unserved_mwh = run(*attacked(150, {attack}, {}, wish)).of("unserved_energy_mwh");
    EXPECT_GE(unserved_mwh, before_mwh - 1e-9) << loss;
    before_mwh = unserved_mwh;
  }
  EXPECT_GT(before_mwh, 0.0);
}

}  // namespace
}  // namespace gridplus
