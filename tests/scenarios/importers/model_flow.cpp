#include "tests/scenarios/importers/model_flow.hpp"

#include <cmath>
#include <numeric>

#include "sim/powerflow/admittance.hpp"
#include "sim/powerflow/reference/newton.hpp"

namespace gridplus::test {

namespace {

using powerflow::BusType;

struct Injections {
  std::vector<double> p_mw, q_mvar, vm_pu;
  std::vector<BusType> type;
};

void add_producers(const Model& model, const FlowSetting& setting, const StepContext& context, Injections& in) {
  std::size_t id = 0;
  for (const auto& bank : model.producer_banks) {
    const BankState state = bank->initial_state(context);
    std::vector<ProducerOffer> offers(bank->size());
    bank->offer(state, context, offers);
    for (const ProducerOffer& offer : offers) {
      const Connection& at = model.producer_connection[id];
      const auto output = setting.output(model.names.producer[id++], offer);
      BusType& type = in.type[at.bus.index()];
      if (type == BusType::out) continue;
      if (!std::isnan(at.vm_set_pu)) {
        in.vm_pu[at.bus.index()] = at.vm_set_pu;
        if (type == BusType::pq) type = BusType::pv;
      } else {
        in.q_mvar[at.bus.index()] += at.q_per_p * output.value_or(0.0);
      }
      in.p_mw[at.bus.index()] += output.value_or(0.0);
      if (!output) type = BusType::slack;
    }
  }
}

double add_consumers(const Model& model, const FlowSetting& setting, const StepContext& context, Injections& in) {
  std::size_t id = 0;
  double demand_mw = 0.0;
  for (const auto& bank : model.consumer_banks) {
    const BankState state = bank->initial_state(context);
    std::vector<ConsumerOffer> offers(bank->size());
    bank->offer(state, context, offers);
    for (const ConsumerOffer& offer : offers) {
      const std::size_t bus = model.consumer_bus[id++].index();
      const double factor = setting.demand_factor ? setting.demand_factor(bus) : 1.0;
      in.p_mw[bus] -= factor * offer.demand_mw;
      in.q_mvar[bus] -= factor * offer.q_mvar;
      demand_mw += factor * offer.demand_mw;
    }
  }
  return demand_mw;
}

}  // namespace

double ModelFlow::losses_mw() const {
  return std::accumulate(result.losses_mw.begin(), result.losses_mw.end(), 0.0);
}

ModelFlow solve_model(const Model& model, const FlowSetting& setting) {
  const std::size_t buses = model.grid.bus_count();
  Injections in{std::vector<double>(buses), std::vector<double>(buses), std::vector<double>(buses, 1.0),
                std::vector<BusType>(buses, BusType::pq)};
  for (std::size_t i = 0; i < buses; ++i)
    if (model.grid.bus().in_service[i] == 0) in.type[i] = BusType::out;
  StepContext context;
  context.step = setting.step;
  context.step_h = model.time.step_h();
  context.time = model.time.at(setting.step);
  context.profiles = &model.profiles;
  ModelFlow flow;
  add_producers(model, setting, context, in);
  flow.demand_mw = add_consumers(model, setting, context, in);

  powerflow::FlowInput input;
  input.p_mw = in.p_mw;
  input.q_mvar = in.q_mvar;
  input.type = in.type;
  input.vm_set_pu = in.vm_pu;
  flow.state = setting.start;
  if (flow.state.vm_pu.empty()) flow.state = {std::vector<double>(buses, 1.0), std::vector<double>(buses, 0.0)};
  const auto admittance = powerflow::make_admittance(model.grid, model.initially_closed);
  powerflow::reference::NewtonSolver solver(model.grid, admittance);
  flow.report = solver.solve(input, {.tolerance_pu = setting.tolerance_pu, .max_iterations = 50}, flow.state);
  flow.result = powerflow::evaluate(model.grid, admittance, flow.state);
  return flow;
}

std::map<std::string, std::size_t> positions(const std::vector<std::string>& names) {
  std::map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < names.size(); ++i) at.emplace(names[i], i);
  return at;
}

}  // namespace gridplus::test
