#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "sim/step/simulation.hpp"
#include "tests/sim/step/recorded.hpp"
#include "tests/sim/step/small_system.hpp"

namespace gridplus {
namespace {

using test::figure;
using test::record;

using comms::k_never_h;
using comms::NodeKind;

/// What a test changes of the network that all start from.
struct Wish {
  comms::LinkParameters hop;
  Fallback fallback = Fallback::default_schedule;
  StalePolicy policy = StalePolicy::hold;
  double coverage = 1.0;
  double validity_s = 3600.0;
  double station_mtbf_h = k_never_h;
};

comms::LinkParameters ideal() {
  comms::LinkParameters p;
  p.latency_ms = p.latency_sigma = 0.0;
  p.capacity_mbit_per_s = std::numeric_limits<double>::infinity();
  p.report_interval_s = 3600.0;
  return p;
}

/// A dispatch centre and a station at each bus of the small system; every device has an endpoint at its bus's station.
std::unique_ptr<CommunicationModel> network_of(const Model& model, const Wish& wish) {
  auto plan = std::make_unique<CommunicationModel>();
  comms::NetworkBuilder builder;
  const auto node = [&](std::string name, NodeKind kind, double mtbf_h) {
    comms::NodeSpec spec;
    spec.name = std::move(name);
    spec.kind = kind;
    spec.battery_h = k_never_h;
    spec.mtbf_h = mtbf_h;
    spec.mttr_h = 12.0;
    builder.add(spec);
  };
  node("centre", NodeKind::controller, k_never_h);
  for (const std::string& bus : model.names.grid.bus) {
    node(bus, NodeKind::base_station, wish.station_mtbf_h);
    comms::LinkSpec link;
    link.name = link.from = bus;
    link.to = "centre";
    link.parameters = ideal();
    builder.add(link);
  }
  builder.add_access(wish.hop);
  builder.add_coverage({"all", {0}, {wish.coverage}, false});
  const auto add = [&](const std::vector<std::string>& names, auto bus_of, std::vector<std::uint32_t>& endpoints) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      comms::EndpointSpec spec;
      spec.name = names[i];
      spec.parent = model.names.grid.bus[bus_of(i).index()];
      spec.controller = "centre";
      spec.weight_mw = 10.0F;
      spec.controllable = true;
      spec.coverage = 0;
      builder.add(spec);
      endpoints.push_back(static_cast<std::uint32_t>(plan->fallback.size()));
      plan->fallback.push_back({wish.fallback, 0.5});
    }
  };
  add(
      model.names.producer, [&](std::size_t p) { return model.producer_connection[p].bus; }, plan->producer_endpoint);
  add(
      model.names.storage, [&](std::size_t s) { return model.storage_connection[s].bus; }, plan->storage_endpoint);
  add(
      model.names.consumer, [&](std::size_t c) { return model.consumer_bus[c]; }, plan->consumer_endpoint);
  Diagnostics problems;
  comms::NetworkBuilder::Result built = builder.build(problems);
  problems.throw_if_any();
  plan->network = std::move(built.network);
  plan->names = std::move(built.names);
  plan->controllers = {{wish.policy, 3600.0}};
  plan->transport.command_validity_s = wish.validity_s;
  return plan;
}

std::unique_ptr<Model> connected_system(std::int64_t steps, const Wish& wish) {
  auto model = test::small_system(steps);
  model->communication = network_of(*model, wish);
  return model;
}

std::vector<double> record(const Model& model, int threads = 1) {
  Simulation simulation(model, threads);
  return record(simulation);
}

/// A network that loses, delays and fails.
Wish poor(Fallback fallback) {
  Wish wish;
  wish.hop = comms::info(comms::Technology::nb_iot).parameters;
  wish.hop.loss = 0.3;
  wish.hop.report_interval_s = 7200.0;
  wish.fallback = fallback;
  wish.station_mtbf_h = 100.0;
  return wish;
}

TEST(Communication, IdealNetworkChangesNoBit) {
  Wish wish;
  wish.hop = ideal();
  EXPECT_EQ(record(*connected_system(300, wish)), record(*test::small_system(300)));
}

TEST(Communication, LatencyWithinAStepChangesNoBit) {
  Wish wish;
  wish.hop = ideal();
  wish.hop.latency_ms = 1500.0;
  wish.hop.latency_sigma = 0.8;
  EXPECT_EQ(record(*connected_system(100, wish)), record(*test::small_system(100)));
}

class EveryFallback : public testing::TestWithParam<Fallback> {};

TEST_P(EveryFallback, PowerBalancesInEveryStep) {
  const auto model = connected_system(300, poor(GetParam()));
  Simulation simulation(*model, 2);
  record(simulation, [](const StepBlock& block) {
    for (std::size_t s = 0; s < block.count; ++s) {
      EXPECT_LE(block.of(StepVar::balance_mw, s), 1e-6);
      EXPECT_LE(block.of(ProducerVar::p_mw, s)[0], 120 + 1e-6);
    }
  });
  EXPECT_LT(figure(simulation.summary(), "control_availability"), 0.95);
  EXPECT_GT(figure(simulation.summary(), "fallback_mwh"), 0.0);
}

TEST_P(EveryFallback, ContinuesFromACheckpointToTheSameBits) {
  const auto model = connected_system(200, poor(GetParam()));
  const std::vector<double> whole = record(*model);
  Simulation first(*model, 1);
  std::vector<double> parts;
  Checkpoint checkpoint;
  for (int blocks = 0; blocks < 2; ++blocks) {
    const StepBlock& block = first.advance();
    for (const GroupBlock* group :
         {&block.bus, &block.branch, &block.producer, &block.consumer, &block.storage, &block.step})
      for (std::size_t v = 0; v < group->variables().size(); ++v) {
        const auto values = group->steps_of(v, block.count);
        parts.insert(parts.end(), values.begin(), values.end());
      }
    checkpoint = first.checkpoint();
  }
  Simulation second(*model, 2);
  second.restore(checkpoint);
  const std::vector<double> rest = record(second);
  parts.insert(parts.end(), rest.begin(), rest.end());
  EXPECT_TRUE(parts == whole);
}

INSTANTIATE_TEST_SUITE_P(All, EveryFallback,
                         testing::Values(Fallback::hold_last, Fallback::zero, Fallback::default_schedule,
                                         Fallback::local_droop, Fallback::local_tou_timer, Fallback::curtail_to));

TEST(Communication, SameAnswerForEveryNumberOfThreads) {
  const auto model = connected_system(150, poor(Fallback::hold_last));
  const std::vector<double> one = record(*model, 1);
  EXPECT_TRUE(record(*model, 2) == one);
  EXPECT_TRUE(record(*model, 8) == one);
}

/// Unserved energy with that share of endpoints covered and consumers and units off without commands.
double unserved_mwh(double coverage, double loss) {
  Wish wish;
  wish.hop = ideal();
  wish.hop.loss = loss;
  wish.coverage = coverage;
  wish.validity_s = 0.0;
  wish.fallback = Fallback::zero;
  const auto model = connected_system(300, wish);
  Simulation simulation(*model, 1);
  record(simulation);
  return figure(simulation.summary(), "unserved_energy_mwh");
}

TEST(Communication, LessCoverageNeverServesMore) {
  double before = unserved_mwh(1.0, 0.0);
  EXPECT_EQ(before, 0.0);
  for (const double coverage : {0.9, 0.7, 0.5, 0.2, 0.0}) {
    const double now = unserved_mwh(coverage, 0.0);
    EXPECT_GE(now, before) << coverage;
    before = now;
  }
  EXPECT_GT(before, 0.0);
}

TEST(Communication, MoreLossNeverServesMore) {
  double before = 0.0;
  for (const double loss : {0.3, 0.6, 0.9}) {
    const double now = unserved_mwh(1.0, loss);
    EXPECT_GT(now, before) << loss;
    before = now;
  }
}

TEST(Communication, AgeFollowsTheReportInterval) {
  Wish wish;
  wish.hop = ideal();
  wish.hop.report_interval_s = 6 * 3600.0;
  const auto model = connected_system(200, wish);
  Simulation simulation(*model, 1);
  record(simulation);
  EXPECT_NEAR(figure(simulation.summary(), "measurement_age_p50_s"), 2.5 * 3600.0, 2000.0);
}

}  // namespace
}  // namespace gridplus
