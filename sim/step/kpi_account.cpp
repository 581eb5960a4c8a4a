#include "sim/step/kpi_account.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "sim/step/model.hpp"

namespace gridplus {

namespace {

void see(KpiAccount::Sighting& best, double value, bool better, std::size_t subject, std::int64_t step) {
  if (best.step >= 0 && !better) return;
  best = {value, static_cast<std::uint32_t>(subject), step};
}

void add_extremes(KpiAccount& account, const Model& model, const StepBlock& block, std::size_t s) {
  const std::int64_t step = block.first + static_cast<std::int64_t>(s);
  if (model.network.has_voltages()) {
    const auto vm_pu = block.of(BusVar::vm_pu, s);
    const auto energised = block.of(BusVar::energised, s);
    for (std::size_t b = 0; b < vm_pu.size(); ++b) {
      if (energised[b] == 0.0) continue;
      see(account.lowest_voltage, vm_pu[b], vm_pu[b] < account.lowest_voltage.value, b, step);
      see(account.highest_voltage, vm_pu[b], vm_pu[b] > account.highest_voltage.value, b, step);
    }
  }
  const auto loading = block.of(BranchVar::loading_percent, s);
  for (std::size_t l = 0; l < loading.size(); ++l)
    see(account.highest_loading, loading[l], loading[l] > account.highest_loading.value, l, step);
}

void add_producers(KpiAccount& account, const StepBlock& block, std::size_t s, double step_h) {
  const auto add = [&](std::vector<double>& sums, ProducerVar variable) {
    const auto values = block.of(variable, s);
    sums.resize(values.size(), 0.0);
    for (std::size_t i = 0; i < values.size(); ++i) sums[i] += values[i] * step_h;
  };
  add(account.energy_mwh, ProducerVar::p_mw);
  add(account.available_mwh, ProducerVar::available_mw);
  add(account.curtailed_by_unit_mwh, ProducerVar::curtailed_mw);
  add(account.cost, ProducerVar::cost_per_h);
  add(account.co2_t, ProducerVar::co2_t_per_h);
}

double sum(const std::vector<double>& values) {
  double total = 0.0;
  for (const double value : values) total += value;
  return total;
}

/// How much of each consumer is interrupted: all of it without voltage, else the part of the demand not served.
std::vector<double> interrupted_shares(const Model& model, const StepBlock& block, std::size_t s) {
  const auto demand = block.of(ConsumerVar::demand_mw, s), unserved = block.of(ConsumerVar::unserved_mw, s);
  const auto energised = block.of(BusVar::energised, s);
  constexpr double k_noticeable = 1e-6;
  std::vector<double> shares(demand.size(), 0.0);
  for (std::size_t c = 0; c < shares.size(); ++c) {
    if (energised[model.consumer_bus[c].index()] == 0.0)
      shares[c] = 1.0;
    else if (demand[c] > 0.0 && unserved[c] > k_noticeable * demand[c])
      shares[c] = std::min(1.0, unserved[c] / demand[c]);
  }
  return shares;
}

void add_reliability(const ReliabilityAccount& account, const Model& model, double hours, RunSummary& summary) {
  const std::vector<double>& customers = model.consumer_customers;
  if (std::none_of(customers.begin(), customers.end(), [](double number) { return number > 0.0; })) return;
  const ReliabilityIndices now = account.indices(customers);
  summary.kpis.push_back({"saifi", now.saifi, "1", "sustained interruptions per customer"});
  summary.kpis.push_back({"saidi_h", now.saidi_h, "h", "hours of sustained interruption per customer"});
  summary.kpis.push_back({"caidi_h", now.saifi > 0.0 ? now.saidi_h / now.saifi : 0.0, "h",
                          "hours per sustained interruption of a customer"});
  summary.kpis.push_back({"maifi", now.maifi, "1", "momentary interruptions (up to 5 min) per customer"});
  summary.kpis.push_back({"asai", hours > 0.0 ? 1.0 - now.saidi_h / hours : 1.0, "1",
                          "share of the time in which customers were supplied"});
}

std::vector<CategoryTotal> by_category(const KpiAccount& account, const Model& model) {
  std::vector<CategoryTotal> totals;
  const std::vector<double> capacities_mw = model.producer_capacities_mw();
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < account.energy_mwh.size(); ++i) {
    const std::string& category = model.producer_connection[i].category;
    const auto [entry, fresh] = place.try_emplace(category, totals.size());
    if (fresh) totals.push_back({.category = category});
    CategoryTotal& total = totals[entry->second];
    total.capacity_mw += capacities_mw[i];
    total.energy_mwh += account.energy_mwh[i];
    total.available_mwh += account.available_mwh[i];
    total.curtailed_mwh += account.curtailed_by_unit_mwh[i];
    total.cost += account.cost[i];
    total.co2_t += account.co2_t[i];
  }
  std::stable_sort(totals.begin(), totals.end(),
                   [](const CategoryTotal& a, const CategoryTotal& b) { return a.energy_mwh > b.energy_mwh; });
  return totals;
}

double storage_capacity_mwh(const Model& model) {
  double capacity = 0.0;
  for (const auto& bank : model.storage_banks)
    for (std::size_t i = 0; i < bank->size(); ++i) capacity += bank->energy_capacity_mwh(i);
  return capacity;
}

Extreme describe_sighting(const KpiAccount::Sighting& seen, const std::vector<std::string>& names, const Model& model) {
  if (seen.step < 0) return {};
  return {seen.value, names[seen.subject], format_local(model.time.at(seen.step))};
}

double share(double part, double whole) {
  return whole > 0.0 ? part / whole : 1.0;
}

/// What a grid may count on is what it can call in all but one of twenty steps.
constexpr double k_credit_confidence = 0.95;

std::vector<PortfolioTotal> portfolio_totals(const KpiAccount& account, const Model& model) {
  std::vector<PortfolioTotal> totals;
  const double hours = static_cast<double>(account.steps) * model.time.step_h();
  for (std::size_t c = 0; c < account.ages.size(); ++c) {
    const PortfolioAccount& portfolio = account.portfolios[c];
    const auto& ages = account.ages[c].counts();
    totals.push_back({model.communication->names.controller[c],
                      hours > 0.0 ? portfolio.controllable_mwh() / hours : 0.0,
                      portfolio.availability(),
                      portfolio.credit(k_credit_confidence),
                      {ages.begin(), ages.end()}});
  }
  return totals;
}

/// Key figures of the communications, by `add(name, value, unit, long name)`.
template <class Add>
void add_communication(const KpiAccount& account, Add add) {
  const KpiAccount::Communication& sums = account.communication;
  for (const comms::MessageClass c : {comms::MessageClass::telemetry, comms::MessageClass::command}) {
    const comms::ClassCount& count = sums.classes[static_cast<std::size_t>(c)];
    const std::string name(comms::k_class_names[static_cast<std::size_t>(c)]);
    const auto sent = static_cast<double>(count.sent);
    add(name + "_delivery_ratio", share(static_cast<double>(count.delivered), sent), "1",
        "messages of the class " + name + " that arrived");
    add(name + "_on_time_ratio", share(static_cast<double>(count.on_time), sent), "1",
        "messages of the class " + name + " that arrived within their deadline");
  }
  comms::AgeHistogram ages;
  for (const comms::AgeHistogram& of_controller : account.ages) ages.add(of_controller);
  add("measurement_age_p50_s", ages.quantile_s(0.50), "s", "age that half of the measurements did not exceed");
  add("measurement_age_p95_s", ages.quantile_s(0.95), "s", "age that 95 % of the measurements did not exceed");
  add("measurement_age_p99_s", ages.quantile_s(0.99), "s", "age that 99 % of the measurements did not exceed");
  add("observability", share(sums.observed_mwh, sums.reported_mwh), "1",
      "share of power and time with a measurement within the age limit");
  add("control_availability", share(static_cast<double>(sums.under_control), static_cast<double>(sums.controllable)),
      "1", "share of devices and time with a way to the controller and a valid command");
  const PortfolioAccount fleet = account.portfolios.empty() ? PortfolioAccount{} : account.portfolios.back();
  add("control_availability_weighted", fleet.availability(), "1", "the same, weighted with the power of the devices");
  add("capacity_credit", fleet.credit(k_credit_confidence), "1",
      "share of the power of all devices that followed commands in at least 95 % of the steps");
  double fallback_mwh = 0.0;
  for (const double energy : sums.fallback_mwh) fallback_mwh += energy;
  add("fallback_mwh", fallback_mwh, "MWh", "rated power of devices on their fallback, times time");
  for (std::size_t i = 0; i < k_fallbacks.size(); ++i)
    if (sums.fallback_mwh[i] > 0.0)
      add("fallback_" + std::string(k_fallbacks[i]) + "_mwh", sums.fallback_mwh[i], "MWh",
          "part of it by the rule " + std::string(k_fallbacks[i]));
  add("local_shedding_mwh", sums.local_shedding_mwh, "MWh", "energy that relays shed, beside what the dispatch sheds");
  add("settlement_completeness",
      share(static_cast<double>(sums.meter_received), static_cast<double>(sums.meter_intervals)), "1",
      "meter intervals that came in before the cut-off");
  add("reroutes", static_cast<double>(sums.reroutes), "1", "steps in which ways through the network were found anew");
}

/// Key figures of attacks, by `add(name, value, unit, long name)`.
template <class Add>
void add_cyber(const KpiAccount::Cyber& sums, Add add) {
  const auto mean = [](double sum, double count) { return count > 0.0 ? sum / count : 0.0; };
  add("attacks", sums.attacks, "1", "times that an attack began");
  add("attacks_detected", sums.detected, "1", "attacks noticed while they went on");
  add("attack_detection_time_h", mean(sums.detection_h, sums.detected), "h", "mean time from begin to detection");
  add("attack_restoration_time_h", mean(sums.restoration_h, sums.restored), "h",
      "mean time from begin until all was as before, of contained attacks");
  add("attacked_endpoint_hours", sums.endpoint_h, "h", "endpoints in the hands of attackers, times time");
  add("spoofed_commands_delivered", sums.spoofed_delivered, "1", "forged commands that devices followed");
  add("spoofed_commands_refused", sums.spoofed_refused, "1", "forged commands that devices did not take");
  add("falsified_mwh", sums.falsified_mwh, "MWh", "sum of reported less true values, absolute, times time");
  add("falsified_peak_mw", sums.falsified_peak_mw, "MW", "largest sum of reported less true values, absolute");
  add("falsified_reports_refused", sums.reports_refused, "1", "false reports that the residual test refused");
  add("malicious_mwh", sums.malicious_mwh, "MWh", "what attackers moved devices by, times time");
  add("malicious_peak_mw", sums.malicious_peak_mw, "MW", "the most that one attack moved devices by in a step");
  add("withheld_mwh", sums.withheld_mwh, "MWh", "capacity withheld from the dispatch, times time");
  add("voltage_trips", sums.voltage_trips, "1", "inverters that protection tripped during attacks on devices");
  add("exfiltrated_reports", sums.reports_read, "1", "reports that somebody else read");
}

/// Energy not served by tier, where there are several.
template <class Add>
void add_tiers(const KpiAccount& account, Add add) {
  const auto used = std::count_if(account.tier_demand_mwh.begin(), account.tier_demand_mwh.end(),
                                  [](double mwh) { return mwh > 0.0; });
  if (used < 2) return;
  for (std::size_t t = 0; t < account.tier_demand_mwh.size(); ++t)
    if (account.tier_demand_mwh[t] > 0.0)
      add("unserved_tier_" + std::to_string(t + 1) + "_mwh", account.tier_unserved_mwh[t], "MWh",
          "energy not served to consumers of priority " + std::to_string(t + 1));
}

template <class Add>
void add_microgrids(const MicrogridState& sums, Add add) {
  add("islanded_h", sums.islanded_h, "h", "time that microgrids lived on their own, summed over them");
  add("islanded_dark_h", sums.dark_h, "h", "time that islanded microgrids were dark");
  add("islanded_served_mwh", sums.served_mwh, "MWh", "energy served in islanded microgrids");
  add("islanded_unserved_mwh", sums.unserved_mwh, "MWh", "energy not served in islanded microgrids");
  add("islandings", static_cast<double>(sums.islandings), "1", "times that a microgrid was cut off");
  add("black_starts", static_cast<double>(sums.black_starts), "1", "dark microgrids started by a unit of their own");
  add("resynchronisations", static_cast<double>(sums.resynchronisations), "1",
      "times that a microgrid came back to the grid");
}

/// How long and how far service is below the demand.
void add_resilience(KpiAccount& account, double demand_mw, double served_mw, double step_h) {
  constexpr double k_restored_share = 0.9;
  const double served_share = demand_mw > 0.0 ? served_mw / demand_mw : 1.0;
  account.triangle_h += std::max(0.0, 1.0 - served_share) * step_h;
  account.below_90_h = served_share < k_restored_share ? account.below_90_h + step_h : 0.0;
  account.longest_below_90_h = std::max(account.longest_below_90_h, account.below_90_h);
}

}  // namespace

void StepCosts::begin_step() {
  start_cost = wear_cost = unserved_cost = due_mwh = missed_mwh = 0.0;
  starts = 0;
  std::fill(tier_demand_mw.begin(), tier_demand_mw.end(), 0.0);
  std::fill(tier_unserved_mw.begin(), tier_unserved_mw.end(), 0.0);
}

void StepCosts::add_consumer(std::int32_t priority, double demand_mw, double unserved_mw) {
  const auto tiers = static_cast<std::size_t>(std::max(priority, 1));
  if (tier_demand_mw.size() < tiers)
    for (auto* values : {&tier_demand_mw, &tier_unserved_mw}) values->resize(tiers, 0.0);
  tier_demand_mw[tiers - 1] += std::max(0.0, demand_mw);
  tier_unserved_mw[tiers - 1] += unserved_mw;
}

void PortfolioAccount::add_step(double under_control_mw, double controllable_mw, double step_h) {
  under_control_mwh_ += under_control_mw * step_h;
  controllable_mwh_ += controllable_mw * step_h;
  // Sums of one set of weights in other orders differ by rounding: all of them is all of them.
  constexpr double k_rounding = 1e-9;
  const double followed = std::min(share(under_control_mw, controllable_mw) + k_rounding, 1.0);
  ++steps_[static_cast<std::size_t>(followed * static_cast<double>(k_bins))];
}

double PortfolioAccount::availability() const {
  return share(under_control_mwh_, controllable_mwh_);
}

double PortfolioAccount::credit(double confidence) const {
  const auto all = static_cast<double>(std::accumulate(steps_.begin(), steps_.end(), std::uint64_t{0}));
  std::uint64_t at_least = 0;
  for (std::size_t bin = k_bins + 1; bin-- > 0;) {
    at_least += steps_[bin];
    if (static_cast<double>(at_least) >= confidence * all)
      return static_cast<double>(bin) / static_cast<double>(k_bins);
  }
  return 1.0;
}

void add_step(KpiAccount& account, const Model& model, const StepBlock& block, std::size_t s, const StepCosts& costs) {
  const double step_h = model.time.step_h();
  const double demand_mw = block.of(StepVar::demand_mw, s);
  const double served_mw = block.of(StepVar::served_mw, s);
  account.demand_mwh += demand_mw * step_h;
  account.served_mwh += served_mw * step_h;
  account.losses_mwh += block.of(StepVar::losses_mw, s) * step_h;
  account.charged_mwh += block.of(StepVar::charge_mw, s) * step_h;
  account.discharged_mwh += block.of(StepVar::discharge_mw, s) * step_h;
  account.curtailed_mwh += block.of(StepVar::curtailed_mw, s) * step_h;
  account.start_cost += costs.start_cost;
  account.wear_cost += costs.wear_cost;
  account.unserved_cost += costs.unserved_cost;
  account.starts += costs.starts;
  account.due_mwh += costs.due_mwh;
  account.missed_mwh += costs.missed_mwh;
  if (model.retail_price.given())
    account.retail_bill += served_mw * step_h *
                           model.profiles.value(model.retail_price.per_mwh, block.first + static_cast<std::int64_t>(s));
  for (auto* values : {&account.tier_demand_mwh, &account.tier_unserved_mwh})
    if (values->size() < costs.tier_demand_mw.size()) values->resize(costs.tier_demand_mw.size(), 0.0);
  for (std::size_t t = 0; t < costs.tier_demand_mw.size(); ++t) {
    account.tier_demand_mwh[t] += costs.tier_demand_mw[t] * step_h;
    account.tier_unserved_mwh[t] += costs.tier_unserved_mw[t] * step_h;
  }
  add_resilience(account, demand_mw, served_mw, step_h);
  account.steps += 1;
  account.steps_not_converged += block.of(StepVar::converged, s) == 0.0 ? 1 : 0;
  constexpr double k_noticeable_mw = 1e-6;
  account.steps_unserved += demand_mw - served_mw > k_noticeable_mw ? 1 : 0;
  account.peak_demand_mw = std::max(account.peak_demand_mw, demand_mw);
  account.largest_imbalance_mw = std::max(account.largest_imbalance_mw, block.of(StepVar::balance_mw, s));
  account.storage_end_mwh = 0.0;
  for (const double energy : block.of(StorageVar::energy_mwh, s)) account.storage_end_mwh += energy;
  const auto storage_p_mw = block.of(StorageVar::p_mw, s);
  account.discharged_by_unit_mwh.resize(storage_p_mw.size(), 0.0);
  for (std::size_t i = 0; i < storage_p_mw.size(); ++i)
    account.discharged_by_unit_mwh[i] += std::max(0.0, storage_p_mw[i]) * step_h;
  if (!model.consumer_customers.empty())
    account.reliability.add_step(interrupted_shares(model, block, s), model.consumer_customers, step_h);
  add_producers(account, block, s, step_h);
  add_extremes(account, model, block, s);
}

RunSummary summarise(const KpiAccount& account, const Model& model, const MicrogridState& microgrids) {
  RunSummary summary;
  const std::string& currency = model.provenance.currency;
  const auto add = [&](std::string name, double value, std::string unit, std::string long_name) {
    summary.kpis.push_back({std::move(name), value, std::move(unit), std::move(long_name)});
  };
  const double hours = static_cast<double>(account.steps) * model.time.step_h();
  const double generation = sum(account.energy_mwh);
  const double available = [&] {
    double total = 0.0;
    for (std::size_t i = 0; i < account.curtailed_by_unit_mwh.size(); ++i)
      if (account.curtailed_by_unit_mwh[i] > 0.0) total += account.available_mwh[i];
    return total;
  }();
  const double capacity = storage_capacity_mwh(model);
  add("demand_mwh", account.demand_mwh, "MWh", "energy asked for");
  add("served_mwh", account.served_mwh, "MWh", "energy served");
  add("unserved_energy_mwh", account.demand_mwh - account.served_mwh, "MWh", "energy not served");
  add("unserved_hours_h", static_cast<double>(account.steps_unserved) * model.time.step_h(), "h",
      "time with any demand not served");
  add_tiers(account, add);
  add("time_to_90_percent_h", account.longest_below_90_h, "h",
      "longest time from the fall of service below 90 % of the demand until 90 % are served again");
  add("resilience_triangle_h", account.triangle_h, "h", "share of the demand not served, added up over time");
  add_reliability(account.reliability, model, hours, summary);
  if (!model.microgrids.empty()) add_microgrids(microgrids, add);
  add("peak_demand_mw", account.peak_demand_mw, "MW", "highest demand");
  add("load_factor",
      account.peak_demand_mw > 0.0 && hours > 0.0 ? account.demand_mwh / hours / account.peak_demand_mw : 0.0, "1",
      "mean over highest demand");
  add("generation_mwh", generation, "MWh", "energy of all producers");
  add("losses_mwh", account.losses_mwh, "MWh", "energy lost in the network");
  add("curtailed_mwh", account.curtailed_mwh, "MWh", "free energy not used");
  add("curtailed_share", available > 0.0 ? account.curtailed_mwh / available : 0.0, "1",
      "free energy not used over the available energy of the units it was taken from");
  add("charged_mwh", account.charged_mwh, "MWh", "energy taken by storage");
  add("discharged_mwh", account.discharged_mwh, "MWh", "energy given by storage");
  add("storage_full_cycles", capacity > 0.0 ? account.discharged_mwh / capacity : 0.0, "1",
      "energy given by storage over its capacity");
  add("storage_energy_change_mwh", account.storage_end_mwh - account.storage_start_mwh, "MWh",
      "energy held at the end less that at the start");
  if (account.due_mwh > 0.0) {
    add("unmet_service_mwh", account.missed_mwh, "MWh",
        "energy that flexible consumers owed by a deadline and did not have (vehicles at departure)");
    add("unmet_service_share", account.missed_mwh / account.due_mwh, "1",
        "unmet service over all service that fell due");
  }
  if (model.retail_price.given())
    add("retail_bill", account.retail_bill, currency, "what consumers pay for the energy served, at the retail price");
  add("operating_cost", sum(account.cost), currency, "fuel, emissions, variable and start costs of producers");
  add("start_cost", account.start_cost, currency, "part of the operating cost that is paid for starts");
  add("starts", static_cast<double>(account.starts), "1", "number of unit starts");
  add("wear_cost", account.wear_cost, currency, "ageing of storage");
  add("unserved_cost", account.unserved_cost, currency, "energy not served at its value of lost load");
  add("co2_t", sum(account.co2_t), "t", "carbon dioxide emitted");
  add("co2_per_mwh", generation > 0.0 ? sum(account.co2_t) / generation : 0.0, "t MWh-1",
      "carbon dioxide per energy generated");
  if (model.network.has_voltages()) {
    add("lowest_voltage_pu", account.lowest_voltage.value, "1", "lowest voltage of any energised bus");
    add("highest_voltage_pu", account.highest_voltage.value, "1", "highest voltage of any energised bus");
  }
  add("highest_loading_percent", account.highest_loading.value, "percent", "highest loading of any branch");
  if (model.communication != nullptr) add_communication(account, add);
  if (model.communication != nullptr && !model.communication->attacks.attacks.empty()) add_cyber(account.cyber, add);
  add("largest_imbalance_mw", account.largest_imbalance_mw, "MW", "largest power imbalance of any island in any step");
  add("steps_not_converged", static_cast<double>(account.steps_not_converged), "1",
      "steps whose power flow did not converge");
  summary.categories = by_category(account, model);
  summary.portfolios = portfolio_totals(account, model);
  summary.lowest_voltage = describe_sighting(account.lowest_voltage, model.names.grid.bus, model);
  summary.highest_voltage = describe_sighting(account.highest_voltage, model.names.grid.bus, model);
  summary.highest_loading = describe_sighting(account.highest_loading, model.names.grid.branch, model);
  summary.steps = account.steps;
  summary.steps_not_converged = account.steps_not_converged;
  return summary;
}

}  // namespace gridplus
