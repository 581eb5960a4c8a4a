// What a run has computed for a few consecutive steps: the unit that travels from the stages to the recorder.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/id.hpp"
#include "sim/step/variables.hpp"

namespace gridplus {

/// Values of all variables of one group: [variable][step in the block][entity].
class GroupBlock {
 public:
  GroupBlock() = default;
  GroupBlock(std::span<const VariableInfo> variables, std::size_t steps, std::size_t entities);

  [[nodiscard]] std::span<const VariableInfo> variables() const { return variables_; }
  [[nodiscard]] std::size_t entities() const { return entities_; }
  /// All entities in one step.
  [[nodiscard]] std::span<double> at(std::size_t variable, std::size_t step) {
    return {values_.data() + (variable * steps_ + step) * entities_, entities_};
  }
  [[nodiscard]] std::span<const double> at(std::size_t variable, std::size_t step) const {
    return {values_.data() + (variable * steps_ + step) * entities_, entities_};
  }
  /// All steps of a variable in one piece, [step][entity].
  [[nodiscard]] std::span<const double> steps_of(std::size_t variable, std::size_t count) const {
    return {values_.data() + variable * steps_ * entities_, count * entities_};
  }

 private:
  std::span<const VariableInfo> variables_;
  std::size_t steps_ = 0, entities_ = 0;
  std::vector<double> values_;
};

/// A notable happening.
struct Event {
  std::int64_t step = 0;
  std::string kind;     ///< such as `not_converged`, `unserved`, `branch_opened`, `unit_started`
  std::string subject;  ///< name of what it happened to
  double value = 0.0;   ///< in the unit that the kind implies
  std::string reason;
};

/// The states that models show in the results, one group a model: [field][step][device].
struct ModelStateBlock {
  std::string_view model;
  std::size_t devices = 0;
  std::vector<std::vector<double>> values;  ///< per state field: [step][device]
};

/// A block of consecutive steps [first, first + count).
struct StepBlock {
  std::int64_t first = 0;
  std::size_t count = 0;
  std::size_t capacity = 0;
  GroupBlock bus, branch, producer, consumer, storage, step;  ///< `step` has one entity
  GroupBlock node, link, endpoint_class, controller;          ///< without entities where there are no communications
  GroupBlock attack;                                          ///< without entities where there are no attacks
  std::vector<ModelStateBlock> model_states;
  std::vector<Event> events;

  [[nodiscard]] std::span<double> of(BusVar v, std::size_t s) { return bus.at(static_cast<std::size_t>(v), s); }
  [[nodiscard]] std::span<double> of(BranchVar v, std::size_t s) { return branch.at(static_cast<std::size_t>(v), s); }
  [[nodiscard]] std::span<double> of(ProducerVar v, std::size_t s) {
    return producer.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<double> of(ConsumerVar v, std::size_t s) {
    return consumer.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<double> of(StorageVar v, std::size_t s) { return storage.at(static_cast<std::size_t>(v), s); }
  [[nodiscard]] std::span<double> of(NodeVar v, std::size_t s) { return node.at(static_cast<std::size_t>(v), s); }
  [[nodiscard]] std::span<double> of(LinkVar v, std::size_t s) { return link.at(static_cast<std::size_t>(v), s); }
  [[nodiscard]] std::span<double> of(EndpointClassVar v, std::size_t s) {
    return endpoint_class.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<double> of(ControllerVar v, std::size_t s) {
    return controller.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<double> of(AttackVar v, std::size_t s) { return attack.at(static_cast<std::size_t>(v), s); }
  [[nodiscard]] double& of(StepVar v, std::size_t s) { return step.at(static_cast<std::size_t>(v), s)[0]; }
  [[nodiscard]] std::span<const double> of(BusVar v, std::size_t s) const {
    return bus.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<const double> of(BranchVar v, std::size_t s) const {
    return branch.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<const double> of(ProducerVar v, std::size_t s) const {
    return producer.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<const double> of(ConsumerVar v, std::size_t s) const {
    return consumer.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] std::span<const double> of(StorageVar v, std::size_t s) const {
    return storage.at(static_cast<std::size_t>(v), s);
  }
  [[nodiscard]] double of(StepVar v, std::size_t s) const { return step.at(static_cast<std::size_t>(v), s)[0]; }
};

}  // namespace gridplus
