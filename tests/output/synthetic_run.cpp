#include "tests/output/synthetic_run.hpp"

#include <cmath>
#include <cstring>
#include <numbers>

namespace gridplus::test {

namespace {

enum class Shape : std::uint8_t { slow, fast };
constexpr std::array<std::string_view, 2> k_shape_names = {"slow", "fast"};

/// A producer with every kind of field.
struct ToyGenerator {
  static constexpr std::string_view type = "toy_generator";
  static constexpr DeviceKind kind = DeviceKind::producer;
  static constexpr std::string_view doc = "A generator for tests.";
  struct Params {
    double capacity_mw = 100.0;
    bool must_run = false;
    Shape shape = Shape::fast;
    std::int64_t units = 2;
    Series output;
    Curve fuel;
  };
  struct State {
    double hours = 0.0;
    std::int64_t starts = 0;
    bool warm = false;
    Shape mode = Shape::slow;
  };
  static constexpr auto fields = std::make_tuple(
      field(&Params::capacity_mw, "capacity", "MW", "rated output"),
      field(&Params::must_run, "must_run", "1", "never stops"),
      field(&Params::shape, "shape", "1", "how it ramps").one_of(k_shape_names),
      field(&Params::units, "units", "1", "machines in it"), field(&Params::output, "output", "MW", "available output"),
      field(&Params::fuel, "fuel_curve", "MW", "fuel over output").gives("GJ/h"));
  static constexpr auto state_fields = std::make_tuple(
      field(&State::hours, "hours_online", "h", "time since the last start"),
      field(&State::starts, "starts", "1", "starts so far"), field(&State::warm, "warm", "1", "whether it is warm"),
      field(&State::mode, "shape", "1", "how it ramps now").one_of(k_shape_names));
  static void prepare(Params&, ParamIssues&) {}
  static State initial(const Params&, const StepContext&) { return {}; }
  static ProducerOffer offer(const Params&, const State&, const StepContext&) { return {}; }
  static ProducerResponse step(const Params&, State&, ProducerCommand, const StepContext&) { return {}; }
  static ProducerCost cost(const Params&, double, const StepContext&) { return {}; }
  static Carrier carrier(const Params&) { return Carrier::coal; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
};

struct ToyBattery {
  static constexpr std::string_view type = "toy_battery";
  static constexpr DeviceKind kind = DeviceKind::storage;
  static constexpr std::string_view doc = "A battery for tests.";
  struct Params {
    double capacity_mw = 10.0;
    double energy_mwh = 40.0;
  };
  struct State {
    double cycles = 0.0;
  };
  static constexpr auto fields = std::make_tuple(field(&Params::capacity_mw, "capacity", "MW", "rated power"),
                                                 field(&Params::energy_mwh, "energy", "MWh", "energy held when full"));
  static constexpr auto state_fields = std::make_tuple(field(&State::cycles, "cycles", "1", "full cycles so far"));
  static void prepare(Params&, ParamIssues&) {}
  static State initial(const Params&, const StepContext&) { return {}; }
  static StorageOffer offer(const Params&, const State&, const StepContext&) { return {}; }
  static StorageResponse step(const Params&, State&, StorageCommand, const StepContext&) { return {}; }
  static double capacity_mw(const Params& params) { return params.capacity_mw; }
  static double energy_capacity_mwh(const Params& params) { return params.energy_mwh; }
};

struct ToyLoad {
  static constexpr std::string_view type = "toy_load";
  static constexpr DeviceKind kind = DeviceKind::consumer;
  static constexpr std::string_view doc = "A load for tests.";
  struct Params {
    Series demand;
  };
  struct State {};
  static constexpr auto fields = std::make_tuple(field(&Params::demand, "demand", "MW", "active power asked for"));
  static constexpr auto state_fields = std::make_tuple();
  static void prepare(Params&, ParamIssues&) {}
  static State initial(const Params&, const StepContext&) { return {}; }
  static ConsumerOffer offer(const Params&, const State&, const StepContext&) { return {}; }
  static ConsumerResponse step(const Params&, State&, ConsumerCommand, const StepContext&) { return {}; }
};

/// In [0, 1), different for every key: SplitMix64 (Steele, Lea, Flood 2014).
double noise(std::uint64_t key) {
  key += 0x9e3779b97f4a7c15u;
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((key ^ (key >> 31)) >> 11) * 0x1p-53;
}

/// A day's swing with noise, in [-1, 1].
double wave(std::uint64_t variable, std::uint64_t entity, std::int64_t step) {
  const double phase = noise(entity * 977 + variable);
  const double day = std::sin(2.0 * std::numbers::pi * (static_cast<double>(step % 24) / 24.0 + phase));
  return 0.8 * day + 0.2 * (2.0 * noise((variable << 56) ^ (entity << 36) ^ static_cast<std::uint64_t>(step)) - 1.0);
}

void fill(std::span<double> values, std::uint64_t variable, std::int64_t step, double middle, double swing) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = middle + swing * wave(variable, i, step);
}

std::string numbered(const char* name, std::size_t i) {
  return std::string(name) + " " + std::to_string(i + 1);
}

void add_grid(Model& model, const SyntheticSize& size) {
  GridBuilder builder;
  for (std::size_t i = 0; i < size.buses; ++i) {
    BusSpec bus;
    bus.name = numbered(i == 0 ? "Bus Ü" : "bus", i);
    bus.vn_kv = 110.0;
    bus.area = i % 2 == 0 ? "north" : "south";
    builder.add(bus);
  }
  for (std::size_t i = 0; i < size.branches; ++i) {
    BranchSpec branch;
    branch.name = numbered("line", i);
    branch.from_bus = numbered(i % size.buses == 0 ? "Bus Ü" : "bus", i % size.buses);
    branch.to_bus =
        numbered((i + 1 + i / size.buses) % size.buses == 0 ? "Bus Ü" : "bus", (i + 1 + i / size.buses) % size.buses);
    branch.x_pu = 0.1;
    if (i != 1) branch.rating_mva = 200.0;
    builder.add(branch);
  }
  Diagnostics diagnostics;
  GridBuilder::Result built = builder.build(diagnostics);
  diagnostics.throw_if_any();
  model.grid = std::move(built.grid);
  model.names.grid = std::move(built.names);
  model.initially_closed = model.grid.initially_closed();
}

void add_devices(Model& model, const SyntheticSize& size) {
  const ProfileId profile =
      model.profiles.add("load.csv#east", std::vector<double>(static_cast<std::size_t>(size.steps), 1.5));
  const auto bus_of = [&](std::size_t i) { return BusId{i % size.buses}; };
  std::vector<ToyGenerator::Params> generators(size.producers);
  for (std::size_t i = 0; i < size.producers; ++i) {
    generators[i].capacity_mw = 50.0 + static_cast<double>(i);
    generators[i].fuel.count = 2;
    generators[i].fuel.x = {10.0, 100.0};
    generators[i].fuel.y = {90.0, 800.0};
    if (i == 1) generators[i].output = {2.0, profile};
    model.producer_connection.push_back({bus_of(i)});
    model.producer_connection.back().category = i % 2 == 0 ? "coal" : "wind";
    model.names.producer.push_back(numbered("unit", i));
  }
  for (std::size_t i = 0; i < size.storages; ++i) {
    model.storage_connection.push_back({bus_of(i)});
    model.names.storage.push_back(numbered("battery", i));
  }
  std::vector<ToyLoad::Params> loads(size.consumers);
  for (std::size_t i = 0; i < size.consumers; ++i) {
    loads[i].demand = {20.0, profile};
    model.consumer_bus.push_back(bus_of(i));
    model.names.consumer.push_back(numbered("load", i));
  }
  model.producer_banks.push_back(std::make_unique<Bank<ToyGenerator>>(std::move(generators)));
  if (size.storages > 0)
    model.storage_banks.push_back(std::make_unique<Bank<ToyBattery>>(std::vector<ToyBattery::Params>(size.storages)));
  model.consumer_banks.push_back(std::make_unique<Bank<ToyLoad>>(std::move(loads)));
}

}  // namespace

std::unique_ptr<Model> synthetic_model(const SyntheticSize& size) {
  auto model = std::make_unique<Model>();
  model->time = TimeAxis(parse_time("2020-01-01T00:00+08:00"), 3600, size.steps);
  model->profiles = ProfileTable(size.steps);
  model->provenance.scenario_name = "synthetic";
  model->provenance.description = "A run made up for tests";
  model->provenance.currency = "EUR";
  model->provenance.files = {{"scenario.yaml", "gridplus: 1\nname: synthetic\n"}, {"base.yaml", "gridplus: 1\n"}};
  model->provenance.resolved_json = R"({"name": "synthetic"})";
  add_grid(*model, size);
  add_devices(*model, size);
  return model;
}

SyntheticRun::SyntheticRun(const Model& model, std::size_t block_steps) : model_(&model), block_steps_(block_steps) {
  block_.capacity = block_steps;
  block_.bus = GroupBlock(k_bus_variables, block_steps, model.grid.bus_count());
  block_.branch = GroupBlock(k_branch_variables, block_steps, model.grid.branch_count());
  block_.producer = GroupBlock(k_producer_variables, block_steps, model.producer_count());
  block_.consumer = GroupBlock(k_consumer_variables, block_steps, model.consumer_count());
  block_.storage = GroupBlock(k_storage_variables, block_steps, model.storage_count());
  block_.step = GroupBlock(k_step_variables, block_steps, 1);
  block_.model_states.push_back({"toy_generator", model.producer_count(),
                                 std::vector(4, std::vector<double>(block_steps * model.producer_count()))});
  block_.model_states.push_back(
      {"toy_battery", model.storage_count(), {std::vector<double>(block_steps * model.storage_count())}});
}

const StepBlock& SyntheticRun::advance() {
  block_.first = next_step_;
  block_.events.clear();
  block_.count = std::min(block_steps_, static_cast<std::size_t>(model_->time.steps() - next_step_));
  for (std::size_t s = 0; s < block_.count; ++s) fill_step(s);
  next_step_ += static_cast<std::int64_t>(block_.count);
  return block_;
}

void SyntheticRun::fill_step(std::size_t s) {
  const std::int64_t step = next_step_ + static_cast<std::int64_t>(s);
  const double hour = static_cast<double>(step % 24);
  fill(block_.of(BusVar::vm_pu, s), 1, step, 1.0, 0.05);
  fill(block_.of(BusVar::va_deg, s), 2, step, 0.0, 20.0);
  fill(block_.of(BusVar::p_mw, s), 3, step, 0.0, 150.0);
  fill(block_.of(BusVar::q_mvar, s), 4, step, 0.0, 40.0);
  fill(block_.of(BusVar::price_per_mwh, s), 5, step, 20.0 + hour, 0.0);
  fill(block_.of(BusVar::energised, s), 5, step, 1.0, 0.0);
  fill(block_.of(BranchVar::p_from_mw, s), 6, step, 10.0, 120.0);
  fill(block_.of(BranchVar::q_from_mvar, s), 7, step, 0.0, 50.0);
  fill(block_.of(BranchVar::p_to_mw, s), 8, step, -10.0, 120.0);
  fill(block_.of(BranchVar::q_to_mvar, s), 9, step, 0.0, 50.0);
  fill(block_.of(BranchVar::loading_percent, s), 10, step, 50.0, 40.0);
  fill(block_.of(BranchVar::losses_mw, s), 11, step, 1.0, 0.9);
  fill(block_.of(BranchVar::closed, s), 11, step, 1.0, 0.0);
  fill(block_.of(ConsumerVar::demand_mw, s), 12, step, 60.0, 30.0);
  fill(block_.of(ConsumerVar::served_mw, s), 12, step, 60.0, 30.0);
  fill(block_.of(ConsumerVar::q_mvar, s), 13, step, 12.0, 6.0);
  for (std::size_t i = 0; i < model_->producer_count(); ++i) {
    // Of ten units four are off, three at their limit and three follow the load.
    const double limit = 50.0 + static_cast<double>(i);
    const double p = i % 10 < 4 ? 0.0 : i % 10 < 7 ? limit : limit * (0.6 + 0.4 * wave(14, i, step));
    block_.of(ProducerVar::p_mw, s)[i] = p;
    block_.of(ProducerVar::q_mvar, s)[i] = p > 0.0 ? 20.0 * wave(15, i, step) : 0.0;
    block_.of(ProducerVar::available_mw, s)[i] = limit;
    block_.of(ProducerVar::online, s)[i] = p > 0.0 ? 1.0 : 0.0;
    block_.of(ProducerVar::curtailment_reason, s)[i] = i % 10 == 9 ? 1.0 : 0.0;
    block_.of(ProducerVar::cost_per_h, s)[i] = p * (12.0 + static_cast<double>(i));
    block_.of(ProducerVar::co2_t_per_h, s)[i] = p * 0.9;
    energy_mwh_ += p;
    auto& states = block_.model_states[0].values;
    const std::size_t at = s * model_->producer_count() + i;
    states[0][at] = p > 0.0 ? static_cast<double>(step) : 0.0;
    states[1][at] = static_cast<double>(step / 1000);
    states[2][at] = p > 0.0 ? 1.0 : 0.0;
    states[3][at] = static_cast<double>(i % 2);
  }
  fill(block_.of(StorageVar::p_mw, s), 16, step, 0.0, 10.0);
  fill(block_.of(StorageVar::energy_mwh, s), 17, step, 20.0, 20.0);
  fill(block_.of(StorageVar::state_of_charge, s), 17, step, 0.5, 0.5);
  fill(block_.of(StorageVar::state_of_health, s), 17, step, 1.0, 0.0);
  fill({block_.model_states[1].values[0].data() + s * model_->storage_count(), model_->storage_count()}, 18, step, 5,
       1);
  block_.of(StepVar::converged, s) = 1.0;
  block_.of(StepVar::iterations, s) = 4.0;
  block_.of(StepVar::max_mismatch_pu, s) = 1e-9 * noise(static_cast<std::uint64_t>(step));
  block_.of(StepVar::generation_mw, s) = energy_mwh_;
  if (step % 10 == 3)
    block_.events.push_back({step, "unit_started", model_->names.producer[0], hour, "demand rose above 100 MW"});
}

Checkpoint SyntheticRun::checkpoint() const {
  Checkpoint checkpoint{next_step_, std::vector<std::byte>(sizeof energy_mwh_)};
  std::memcpy(checkpoint.state.data(), &energy_mwh_, sizeof energy_mwh_);
  return checkpoint;
}

void SyntheticRun::restore(const Checkpoint& checkpoint) {
  next_step_ = checkpoint.next_step;
  std::memcpy(&energy_mwh_, checkpoint.state.data(), sizeof energy_mwh_);
}

RunSummary SyntheticRun::summary() const {
  RunSummary summary;
  summary.kpis = {{"energy_generated_mwh", energy_mwh_, "MWh", "energy generated"},
                  {"cost", 12.5e6, "currency", "operating cost"}};
  summary.categories = {{"coal", 400.0, energy_mwh_ * 0.6, energy_mwh_, 0.0, 1e6, 5e5},
                        {"wind", 200.0, energy_mwh_ * 0.4, energy_mwh_, 100.0, 0.0, 0.0}};
  summary.stage_times = {{"control", 0.25}, {"network", 0.5}};
  summary.lowest_voltage = {0.94, "bus 2", "2020-01-01 18:00"};
  summary.highest_voltage = {1.05, "bus 3", "2020-01-02 04:00"};
  summary.highest_loading = {91.0, "line 1", "2020-01-03 19:00"};
  summary.wall_s = 1.0;
  summary.steps = model_->time.steps();
  return summary;
}

void record_to_the_end(SyntheticRun& run, Recorder& recorder, std::size_t checkpoint_blocks) {
  for (std::size_t blocks = 1; !run.ended(); ++blocks) {
    recorder.record(run.advance());
    if (checkpoint_blocks > 0 && blocks % checkpoint_blocks == 0) recorder.checkpoint(run.checkpoint());
  }
  recorder.finish(run.summary());
}

}  // namespace gridplus::test
