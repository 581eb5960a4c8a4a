#include "tools/gridplus/contingency_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "scenarios/importers/matpower.hpp"
#include "scenarios/load.hpp"
#include "sim/grid/islands.hpp"
#include "sim/step/gather.hpp"
#include "sim/step/simulation.hpp"
#include "tools/gridplus/scenario_step.hpp"

namespace gridplus::tools {

namespace {

using powerflow::BusType;
using study::ContingencyCase;
using study::ContingencyUnit;

double rate_of(const matpower::Branch& branch, const std::string& rate) {
  const double mva = rate == "a" ? branch.rate_a_mva : rate == "b" ? branch.rate_b_mva : branch.rate_c_mva;
  return mva > 0.0 ? mva : std::numeric_limits<double>::infinity();
}

void note_couplers(LoadedContingencyCase& loaded) {
  const MergedBuses merged = merge_buses(loaded.data.grid, loaded.data.branch_closed);
  if (!merged.any()) return;
  loaded.notes.push_back(fmt::format(
      "branches without impedance: {}; the buses that they join count as one, and they are never overloaded",
      merged.couplers.size()));
}

LoadedContingencyCase from_matpower(const ContingencyRequest& request) {
  const matpower::Case file = matpower::read_case(request.source);
  matpower::Snapshot s = matpower::make_snapshot(file, matpower::JoinedBuses::apart);
  LoadedContingencyCase out;
  out.title = file.name;
  out.notes = s.notes;
  ContingencyCase& data = out.data;
  data.limits = powerflow::limits_of(s.grid);
  for (std::size_t k = 0; k < file.branches.size(); ++k)
    data.limits.rating_mva[k] = rate_of(file.branches[k], request.rate);
  for (std::size_t g = 0; g < file.generators.size(); ++g) {
    if (s.generator_runs[g] == 0) continue;
    const matpower::Generator& unit = file.generators[g];
    const std::uint32_t bus = s.generator_bus[g].index();
    data.units.push_back({g < file.generator_names.size() ? file.generator_names[g] : fmt::format("gen_{}", g + 1), bus,
                          unit.pg_mw, unit.qg_mvar, unit.q_min_mvar, unit.q_max_mvar,
                          s.type[bus] == BusType::pv || s.type[bus] == BusType::slack});
  }
  data.grid = std::move(s.grid);
  data.names = std::move(s.names);
  data.branch_closed = std::move(s.branch_closed);
  data.p_mw = std::move(s.p_mw);
  data.q_mvar = std::move(s.q_mvar);
  data.type = std::move(s.type);
  data.vm_set_pu = std::move(s.vm_set_pu);
  data.va_set_deg = std::move(s.va_set_deg);
  data.q_min_mvar = std::move(s.q_min_mvar);
  data.q_max_mvar = std::move(s.q_max_mvar);
  data.demand_mw = std::move(s.demand_mw);
  data.state = std::move(s.start);
  note_couplers(out);
  return out;
}

/// Demand that follows the voltage, of which the block has what was drawn, at 1 p.u. in the place of constant power.
void part_dependent_demand(const Model& model, const StepBlock& block, std::size_t s, std::span<const ZipShares> zip,
                           ContingencyCase& data) {
  if (std::all_of(zip.begin(), zip.end(), [](const ZipShares& z) { return z.constant_power(); })) return;
  for (auto* part : {&data.p_current_mw, &data.q_current_mvar, &data.p_impedance_mw, &data.q_impedance_mvar})
    part->assign(model.grid.bus_count(), 0.0);
  const auto served = block.of(ConsumerVar::served_mw, s);
  const auto drawn = block.of(ConsumerVar::q_mvar, s);
  for (std::size_t c = 0; c < model.consumer_count(); ++c) {
    const std::uint32_t bus = model.consumer_bus[c].index();
    const double vm_pu = data.state.vm_pu[bus];
    if (zip[c].constant_power() || vm_pu <= 0.0) continue;
    const double p_mw = served[c] / zip[c].p_factor(vm_pu), q_mvar = drawn[c] / zip[c].q_factor(vm_pu);
    data.p_mw[bus] += served[c] - (1.0 - zip[c].p_current - zip[c].p_impedance) * p_mw;
    data.q_mvar[bus] += drawn[c] - (1.0 - zip[c].q_current - zip[c].q_impedance) * q_mvar;
    data.p_current_mw[bus] -= zip[c].p_current * p_mw;
    data.q_current_mvar[bus] -= zip[c].q_current * q_mvar;
    data.p_impedance_mw[bus] -= zip[c].p_impedance * p_mw;
    data.q_impedance_mvar[bus] -= zip[c].q_impedance * q_mvar;
  }
}

/// The units that run in step `s` of `block`.
std::vector<ContingencyUnit> running_units(const Model& model, const StepBlock& block, std::size_t s) {
  const auto online = block.of(ProducerVar::online, s);
  const auto p_mw = block.of(ProducerVar::p_mw, s);
  const auto q_mvar = block.of(ProducerVar::q_mvar, s);
  const auto energised = block.of(BusVar::energised, s);
  std::vector<ContingencyUnit> units;
  for (std::size_t p = 0; p < model.producer_count(); ++p) {
    const Connection& connection = model.producer_connection[p];
    const bool holds = holds_voltage(connection, online[p] != 0.0);
    if (energised[connection.bus.index()] == 0.0 || !(holds || p_mw[p] != 0.0)) continue;
    units.push_back({model.names.producer[p], connection.bus.index(), p_mw[p], q_mvar[p], connection.q_min_mvar,
                     connection.q_max_mvar, holds});
  }
  return units;
}

/// One slack bus an island: where the running slack-capable unit of the largest capacity is, before those that hold no
/// voltage. With a distributed slack the units that hold voltages share in proportion to their capacity.
void choose_roles(const Model& model, const StepBlock& block, std::size_t s, ContingencyCase& data) {
  const Islands islands = find_islands(data.grid, data.branch_closed);
  const auto online = block.of(ProducerVar::online, s);
  const std::vector<double> capacity_mw = model.producer_capacities_mw();
  for (const ContingencyUnit& unit : data.units)
    if (unit.holds_voltage) data.type[unit.bus] = BusType::pv;
  for (std::size_t st = 0; st < model.storage_count(); ++st) {
    const std::uint32_t bus = model.storage_connection[st].bus.index();
    if (holds_voltage(model.storage_connection[st], true) && data.type[bus] == BusType::pq)
      data.type[bus] = BusType::pv;
  }
  std::vector<std::size_t> best(islands.count, model.producer_count());
  const auto key = [&](std::size_t p) {
    return std::pair(holds_voltage(model.producer_connection[p], true), capacity_mw[p]);
  };
  for (std::size_t p = 0; p < model.producer_count(); ++p) {
    const std::uint32_t bus = model.producer_connection[p].bus.index();
    if (online[p] == 0.0 || !model.producer_connection[p].slack_capable || data.type[bus] == BusType::out) continue;
    std::size_t& own = best[islands.of_bus[bus]];
    if (own == model.producer_count() || key(p) > key(own)) own = p;
  }
  for (const std::size_t p : best) {
    if (p == model.producer_count()) continue;
    const std::uint32_t bus = model.producer_connection[p].bus.index();
    data.type[bus] = BusType::slack;
    for (ContingencyUnit& unit : data.units)
      if (unit.bus == bus && unit.name == model.names.producer[p]) unit.holds_voltage = true;
  }
  if (!model.network.distributed_slack) return;
  std::vector<double> total(islands.count, 0.0);
  data.participation.assign(data.grid.bus_count(), 0.0);
  for (std::size_t p = 0; p < model.producer_count(); ++p) {
    const std::uint32_t bus = model.producer_connection[p].bus.index();
    const bool shares = data.type[bus] == BusType::slack || data.type[bus] == BusType::pv;
    if (!shares || online[p] == 0.0 || !model.producer_connection[p].slack_capable) continue;
    data.participation[bus] += capacity_mw[p];
    total[islands.of_bus[bus]] += capacity_mw[p];
  }
  for (std::size_t i = 0; i < data.participation.size(); ++i)
    if (data.participation[i] > 0.0) data.participation[i] /= total[islands.of_bus[i]];
}

LoadedContingencyCase from_scenario(const ContingencyRequest& request) {
  if (request.rate != "a")
    throw InputError(Diagnostic{{},
                                "--rate",
                                fmt::format("a scenario's branches have one rating, not '{}'", request.rate),
                                "a (the rating in the scenario)",
                                "leave --rate out"});
  const std::unique_ptr<Model> model =
      load_scenario(request.source, {.sets = request.sets, .data_root = request.data_root});
  model->network.method = NetworkMethod::ac;
  const std::int64_t step = step_at(*model, request.at);
  Simulation simulation(*model, 1);
  const StepBlock* block = &simulation.advance();
  while (simulation.next_step() <= step) block = &simulation.advance();
  const auto s = static_cast<std::size_t>(step - block->first);
  const auto row = [&](auto variable) {
    const auto values = block->of(variable, s);
    return std::vector<double>(values.begin(), values.end());
  };
  LoadedContingencyCase out;
  out.title = fmt::format("{}, {}", model->provenance.scenario_name, format_local(model->time.at(step)));
  ContingencyCase& data = out.data;
  data.grid = model->grid;
  data.names = model->names.grid;
  data.limits = powerflow::limits_of(data.grid);
  for (const double closed : row(BranchVar::closed)) data.branch_closed.push_back(closed != 0.0 ? 1 : 0);
  for (const TapChanger& changer : data.grid.tap_changers())
    data.tap_positions.push_back(
        static_cast<std::int32_t>(block->of(BranchVar::tap_position, s)[changer.branch.index()]));
  data.p_mw = row(BusVar::p_mw);
  data.q_mvar = row(BusVar::q_mvar);
  data.state = {row(BusVar::vm_pu), row(BusVar::va_deg)};
  data.vm_set_pu = data.state.vm_pu;
  data.va_set_deg = data.state.va_deg;
  for (const double energised : row(BusVar::energised))
    data.type.push_back(energised != 0.0 ? BusType::pq : BusType::out);
  const auto served = row(ConsumerVar::served_mw);
  data.demand_mw.assign(data.grid.bus_count(), 0.0);
  for (std::size_t c = 0; c < model->consumer_count(); ++c) data.demand_mw[model->consumer_bus[c].index()] += served[c];
  part_dependent_demand(*model, *block, s, simulation.zip(), data);
  data.units = running_units(*model, *block, s);
  data.q_min_mvar = data.q_max_mvar = data.q_mvar;
  for (const ContingencyUnit& unit : data.units) {
    if (!unit.holds_voltage) continue;
    data.q_min_mvar[unit.bus] += unit.q_min_mvar - unit.q_mvar;
    data.q_max_mvar[unit.bus] += unit.q_max_mvar - unit.q_mvar;
  }
  choose_roles(*model, *block, s, data);
  note_couplers(out);
  return out;
}

void apply_limits(const ContingencyRequest& request, LoadedContingencyCase& loaded) {
  powerflow::SecurityLimits& limits = loaded.data.limits;
  const auto unrated =
      std::count_if(limits.rating_mva.begin(), limits.rating_mva.end(), [](double mva) { return !std::isfinite(mva); });
  if (unrated == std::ssize(limits.rating_mva) && unrated > 0 && !request.rating_mva)
    throw InputError(Diagnostic{{request.source, 0, 0},
                                "",
                                "no branch has a rating, so that nothing can be overloaded",
                                "at least one branch with a rating",
                                "give one to all by --rating MVA, look at voltages only by --rating none, or for a "
                                "MATPOWER case try --rate b or --rate c"});
  if (unrated > 0 && request.rating_mva && std::isfinite(*request.rating_mva)) {
    for (double& mva : limits.rating_mva)
      if (!std::isfinite(mva)) mva = *request.rating_mva;
  } else if (unrated > 0) {
    loaded.notes.push_back(fmt::format("branches without a rating: {} of {}; they are never overloaded", unrated,
                                       limits.rating_mva.size()));
  }
  if (request.vm_min_pu) std::fill(limits.vm_min_pu.begin(), limits.vm_min_pu.end(), *request.vm_min_pu);
  if (request.vm_max_pu) std::fill(limits.vm_max_pu.begin(), limits.vm_max_pu.end(), *request.vm_max_pu);
  for (std::size_t i = 0; i < limits.vm_min_pu.size(); ++i)
    if (!(limits.vm_min_pu[i] < limits.vm_max_pu[i]))
      throw InputError(Diagnostic{
          {request.source, 0, 0},
          loaded.data.names.bus[i],
          fmt::format("the voltage band of the bus, {} to {} p.u., is empty", limits.vm_min_pu[i], limits.vm_max_pu[i]),
          "a lower end below the upper one",
          "check --voltage-min and --voltage-max"});
}

}  // namespace

LoadedContingencyCase load_contingency_case(const ContingencyRequest& request) {
  LoadedContingencyCase loaded =
      std::filesystem::path(request.source).extension() == ".m" ? from_matpower(request) : from_scenario(request);
  if (loaded.title.empty()) loaded.title = std::filesystem::path(request.source).stem().string();
  apply_limits(request, loaded);
  return loaded;
}

}  // namespace gridplus::tools
