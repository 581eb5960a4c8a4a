#include "sim/study/attribution.hpp"

#include <bit>
#include <memory>

#include "sim/core/error.hpp"
#include "sim/step/model.hpp"

namespace gridplus::study {

namespace {

bool is_branch(const OutageSubject& subject) {
  return subject.kind == OutageSubject::Kind::branch;
}

void take_network_out(Model& model) {
  model.network.method = NetworkMethod::none;
  const BranchArrays& branch = model.grid.branch();
  const auto& in_service = model.grid.bus().in_service;
  for (std::size_t l = 0; l < model.initially_closed.size(); ++l)
    if (in_service[branch.from[l].index()] != 0 && in_service[branch.to[l].index()] != 0) model.initially_closed[l] = 1;
  std::erase_if(model.outages,
                [](const PlannedOutage& outage) { return outage.subject == OutageSubject::Kind::branch; });
  // What had branches alone never fails, by chance or by storm, and takes no crew.
  std::vector<FailureGroup>& groups = model.outage_plan.groups;
  for (FailureGroup& group : groups) {
    std::erase_if(group.members, is_branch);
    if (group.members.empty()) group.failure_rate_per_h = 0.0;
  }
  for (Storm& storm : model.outage_plan.storms)
    std::erase_if(storm.exposed, [&](const Storm::Exposure& e) { return groups[e.group].members.empty(); });
}

void take_attacks_out(Model& model) {
  if (model.communication == nullptr || model.communication->attacks.attacks.empty()) return;
  auto peaceful = std::make_unique<CommunicationModel>(*model.communication);
  peaceful->attacks.attacks.clear();
  model.communication = std::move(peaceful);
}

double factorial(std::size_t n) {
  double product = 1.0;
  for (std::size_t i = 2; i <= n; ++i) product *= static_cast<double>(i);
  return product;
}

}  // namespace

void take_out(Cause cause, Model& model) {
  switch (cause) {
    case Cause::network:
      take_network_out(model);
      break;
    case Cause::communication:
      model.communication.reset();
      break;
    case Cause::cyber:
      take_attacks_out(model);
      break;
    case Cause::weather:
      model.outage_plan.storms.clear();
      break;
  }
}

std::vector<std::string> share_names(std::span<const Cause> causes) {
  std::vector<std::string> names;
  for (const Cause cause : causes) names.emplace_back(k_causes[static_cast<std::size_t>(cause)]);
  names.emplace_back("all");
  return names;
}

std::string set_name(std::span<const Cause> causes, std::size_t set) {
  std::string name;
  for (std::size_t b = 0; b < causes.size(); ++b) {
    if (((set >> b) & 1U) == 0) continue;
    if (!name.empty()) name += '+';
    name += k_causes[static_cast<std::size_t>(causes[b])];
  }
  return name.empty() ? "none" : name;
}

std::vector<double> shapley_values(std::span<const double> v) {
  ensure(std::has_single_bit(v.size()), "Shapley values need a value for each of 2^k sets");
  const auto k = static_cast<std::size_t>(std::countr_zero(v.size()));
  std::vector<double> values(k, 0.0);
  for (std::size_t i = 0; i < k; ++i) {
    const std::size_t own = std::size_t{1} << i;
    for (std::size_t set = 0; set < v.size(); ++set) {
      if ((set & own) != 0) continue;
      const auto size = static_cast<std::size_t>(std::popcount(set));
      values[i] += factorial(size) * factorial(k - size - 1) * (v[set | own] - v[set]);
    }
    values[i] /= factorial(k);
  }
  return values;
}

}  // namespace gridplus::study
