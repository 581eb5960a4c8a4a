// All devices of one model, stored together. The engine makes one virtual call per bank and phase; inside, the loop
// over the devices is plain code over contiguous memory.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/device/model.hpp"

namespace gridplus {

/// The state of one bank's devices as a value: copying it is a checkpoint. `params` is empty until a dated parameter
/// change gives this run parameters of its own.
struct BankState {
  std::vector<std::byte> devices;
  std::vector<std::byte> params;
};

/// What every bank can do, whatever its kind.
class DeviceBank {
 public:
  virtual ~DeviceBank() = default;
  [[nodiscard]] virtual std::string_view type() const = 0;
  [[nodiscard]] virtual DeviceKind kind() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual std::span<const FieldInfo> fields() const = 0;
  [[nodiscard]] virtual std::span<const FieldInfo> state_fields() const = 0;
  /// The parameter `field` (index into fields()) of device `i`, as the model was built.
  [[nodiscard]] virtual FieldValue param(std::size_t i, std::size_t field) const = 0;
  /// The state field `field` (index into state_fields()) of device `i`.
  [[nodiscard]] virtual FieldValue state_value(const BankState& state, std::size_t i, std::size_t field) const = 0;
  [[nodiscard]] virtual BankState initial_state(const StepContext& context) const = 0;
  /// Changes a parameter of device `i` from now on, in this state only. Throws InputError if the changed parameters no
  /// longer fit together.
  virtual void change_param(BankState& state, std::size_t i, std::size_t field, const FieldValue& value) const = 0;
};

class ProducerBank : public DeviceBank {
 public:
  virtual void offer(const BankState&, const StepContext&, std::span<ProducerOffer> offers) const = 0;
  virtual void step(BankState&, std::span<const ProducerCommand>, const StepContext&,
                    std::span<ProducerResponse>) const = 0;
  virtual void cost(const BankState&, std::span<const double> p_mw, const StepContext&,
                    std::span<ProducerCost>) const = 0;
  [[nodiscard]] virtual Carrier carrier(std::size_t i) const = 0;
  [[nodiscard]] virtual double capacity_mw(std::size_t i) const = 0;
};

class StorageBank : public DeviceBank {
 public:
  virtual void offer(const BankState&, const StepContext&, std::span<StorageOffer> offers) const = 0;
  virtual void step(BankState&, std::span<const StorageCommand>, const StepContext&,
                    std::span<StorageResponse>) const = 0;
  [[nodiscard]] virtual double capacity_mw(std::size_t i) const = 0;
  [[nodiscard]] virtual double energy_capacity_mwh(std::size_t i) const = 0;
};

class ConsumerBank : public DeviceBank {
 public:
  virtual void offer(const BankState&, const StepContext&, std::span<ConsumerOffer> offers) const = 0;
  virtual void step(BankState&, std::span<const ConsumerCommand>, const StepContext&,
                    std::span<ConsumerResponse>) const = 0;
};

namespace detail {

template <class T>
T* as(std::vector<std::byte>& bytes) {
  return reinterpret_cast<T*>(bytes.data());
}
template <class T>
const T* as(const std::vector<std::byte>& bytes) {
  return reinterpret_cast<const T*>(bytes.data());
}

/// What Bank<M> does for every kind; `Base` is the kind's interface.
template <DeviceModel M, class Base>
class BankCommon : public Base {
 public:
  using Params = typename M::Params;
  using State = typename M::State;
  static_assert(alignof(Params) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ &&
                alignof(State) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  explicit BankCommon(std::vector<Params> params) : params_(std::move(params)) {}

  [[nodiscard]] std::string_view type() const final { return M::type; }
  [[nodiscard]] DeviceKind kind() const final { return M::kind; }
  [[nodiscard]] std::size_t size() const final { return params_.size(); }
  [[nodiscard]] std::span<const FieldInfo> fields() const final { return erased_fields<Params, M::fields>(); }
  [[nodiscard]] std::span<const FieldInfo> state_fields() const final {
    return erased_fields<State, M::state_fields>();
  }
  [[nodiscard]] FieldValue param(std::size_t i, std::size_t field) const final {
    return fields()[field].get(&params_[i]);
  }
  [[nodiscard]] FieldValue state_value(const BankState& state, std::size_t i, std::size_t field) const final {
    return state_fields()[field].get(as<State>(state.devices) + i);
  }

  [[nodiscard]] BankState initial_state(const StepContext& context) const final {
    BankState state;
    state.devices.resize(size() * sizeof(State));
    for (std::size_t i = 0; i < size(); ++i) as<State>(state.devices)[i] = M::initial(params_[i], context);
    return state;
  }

  void change_param(BankState& state, std::size_t i, std::size_t field, const FieldValue& value) const final {
    if (state.params.empty()) {
      state.params.resize(size() * sizeof(Params));
      std::memcpy(state.params.data(), params_.data(), state.params.size());
    }
    Params& changed = as<Params>(state.params)[i];
    fields()[field].set(&changed, value);
    ParamIssues issues;
    M::prepare(changed, issues);
    if (issues.empty()) return;
    Diagnostic wrong;
    wrong.path = fields()[field].key;
    wrong.problem = issues.front().problem;
    wrong.allowed = issues.front().allowed;
    throw InputError(std::move(wrong));
  }

 protected:
  /// The parameters in force: the model's own, or this state's after a dated change.
  [[nodiscard]] const Params* params(const BankState& state) const {
    return state.params.empty() ? params_.data() : as<Params>(state.params);
  }
  [[nodiscard]] const Params& built_params(std::size_t i) const { return params_[i]; }

 private:
  std::vector<Params> params_;
};

}  // namespace detail

template <class M>
class Bank;

template <ProducerModel M>
class Bank<M> final : public detail::BankCommon<M, ProducerBank> {
  using Common = detail::BankCommon<M, ProducerBank>;
  using State = typename M::State;

 public:
  using Common::Common;
  void offer(const BankState& state, const StepContext& context, std::span<ProducerOffer> offers) const override {
    const auto* params = this->params(state);
    const auto* states = detail::as<State>(state.devices);
    for (std::size_t i = 0; i < offers.size(); ++i) offers[i] = M::offer(params[i], states[i], context);
  }
  void step(BankState& state, std::span<const ProducerCommand> commands, const StepContext& context,
            std::span<ProducerResponse> responses) const override {
    const auto* params = this->params(state);
    auto* states = detail::as<State>(state.devices);
    for (std::size_t i = 0; i < commands.size(); ++i)
      responses[i] = M::step(params[i], states[i], commands[i], context);
  }
  void cost(const BankState& state, std::span<const double> p_mw, const StepContext& context,
            std::span<ProducerCost> costs) const override {
    const auto* params = this->params(state);
    for (std::size_t i = 0; i < p_mw.size(); ++i) costs[i] = M::cost(params[i], p_mw[i], context);
  }
  [[nodiscard]] Carrier carrier(std::size_t i) const override { return M::carrier(this->built_params(i)); }
  [[nodiscard]] double capacity_mw(std::size_t i) const override { return M::capacity_mw(this->built_params(i)); }
};

template <StorageModel M>
class Bank<M> final : public detail::BankCommon<M, StorageBank> {
  using Common = detail::BankCommon<M, StorageBank>;
  using State = typename M::State;

 public:
  using Common::Common;
  void offer(const BankState& state, const StepContext& context, std::span<StorageOffer> offers) const override {
    const auto* params = this->params(state);
    const auto* states = detail::as<State>(state.devices);
    for (std::size_t i = 0; i < offers.size(); ++i) offers[i] = M::offer(params[i], states[i], context);
  }
  void step(BankState& state, std::span<const StorageCommand> commands, const StepContext& context,
            std::span<StorageResponse> responses) const override {
    const auto* params = this->params(state);
    auto* states = detail::as<State>(state.devices);
    for (std::size_t i = 0; i < commands.size(); ++i)
      responses[i] = M::step(params[i], states[i], commands[i], context);
  }
  [[nodiscard]] double capacity_mw(std::size_t i) const override { return M::capacity_mw(this->built_params(i)); }
  [[nodiscard]] double energy_capacity_mwh(std::size_t i) const override {
    return M::energy_capacity_mwh(this->built_params(i));
  }
};

namespace detail {

/// The context of a step as one consumer after the other knows it.
class KnownContext {
 public:
  explicit KnownContext(const StepContext& context) : known_(context) {}
  [[nodiscard]] const StepContext& of(std::size_t i) {
    if (!known_.price_ratios.empty()) known_.price_ratio = known_.price_ratios[i];
    return known_;
  }

 private:
  StepContext known_;
};

}  // namespace detail

template <ConsumerModel M>
class Bank<M> final : public detail::BankCommon<M, ConsumerBank> {
  using Common = detail::BankCommon<M, ConsumerBank>;
  using State = typename M::State;

 public:
  using Common::Common;
  void offer(const BankState& state, const StepContext& context, std::span<ConsumerOffer> offers) const override {
    const auto* params = this->params(state);
    const auto* states = detail::as<State>(state.devices);
    detail::KnownContext known(context);
    for (std::size_t i = 0; i < offers.size(); ++i) offers[i] = M::offer(params[i], states[i], known.of(i));
  }
  void step(BankState& state, std::span<const ConsumerCommand> commands, const StepContext& context,
            std::span<ConsumerResponse> responses) const override {
    const auto* params = this->params(state);
    auto* states = detail::as<State>(state.devices);
    detail::KnownContext known(context);
    for (std::size_t i = 0; i < commands.size(); ++i)
      responses[i] = M::step(params[i], states[i], commands[i], known.of(i));
  }
};

}  // namespace gridplus
