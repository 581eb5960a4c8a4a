// The device models that a program knows, by the name scenarios use. models/registry.cpp fills the list.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/device/bank.hpp"

namespace gridplus {

/// Collects the devices of one model, then makes their bank.
class BankBuilder {
 public:
  virtual ~BankBuilder() = default;
  /// Adds a device with default parameters; the pointer is for FieldInfo::set and holds until the next add().
  virtual void* add() = 0;
  /// Gives the last device added the key of its random draws, where its model has any (a Params member `random_key`).
  virtual void key_last(std::uint32_t key) = 0;
  /// Checks the last device added across its fields and computes derived values.
  virtual void prepare_last(ParamIssues& issues) = 0;
  /// The bank of all devices added, as a ProducerBank, StorageBank or ConsumerBank according to the model's kind.
  [[nodiscard]] virtual std::unique_ptr<DeviceBank> build() = 0;
};

/// One model, described.
struct ModelInfo {
  std::string_view type;
  DeviceKind kind = DeviceKind::producer;
  std::string_view doc;
  std::span<const FieldInfo> fields;
  std::span<const FieldInfo> state_fields;
  std::unique_ptr<BankBuilder> (*make_builder)() = nullptr;
};

template <DeviceModel M>
class BankBuilderOf final : public BankBuilder {
 public:
  void* add() override { return &params_.emplace_back(); }
  void key_last(std::uint32_t key) override {
    if constexpr (requires(typename M::Params & params) { params.random_key = key; }) params_.back().random_key = key;
  }
  void prepare_last(ParamIssues& issues) override { M::prepare(params_.back(), issues); }
  [[nodiscard]] std::unique_ptr<DeviceBank> build() override { return std::make_unique<Bank<M>>(std::move(params_)); }

 private:
  std::vector<typename M::Params> params_;
};

template <DeviceModel M>
ModelInfo describe() {
  return {M::type,
          M::kind,
          M::doc,
          erased_fields<typename M::Params, M::fields>(),
          erased_fields<typename M::State, M::state_fields>(),
          []() -> std::unique_ptr<BankBuilder> { return std::make_unique<BankBuilderOf<M>>(); }};
}

/// Models in the order they are listed to people.
using ModelRegistry = std::vector<ModelInfo>;

/// The model of that name, or nullptr.
[[nodiscard]] inline const ModelInfo* find_model(std::span<const ModelInfo> registry, std::string_view type) {
  for (const ModelInfo& info : registry)
    if (info.type == type) return &info;
  return nullptr;
}

}  // namespace gridplus
