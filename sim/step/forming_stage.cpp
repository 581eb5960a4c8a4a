// Storage that holds an island gives what the flow took from it. The devices stage moved it by its command; the flow
// then found what was really missing. It is stepped once more, from where it stood before the step, with what it gave:
// energy, ageing and cost follow from that. A block ends after each step in which storage holds an island, so that the
// next step begins from what it then holds.

#include "sim/step/each_bank.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

class FormingStage final : public Stage {
 public:
  explicit FormingStage(const Model& model) : model_(model) {}
  [[nodiscard]] std::string_view label() const override { return "forming"; }
  [[nodiscard]] std::string_view description() const override {
    return "moves storage that holds an island by what the power flow took from it";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::block; }

  void run(SimulationState& state, Frame& frame) override {
    if (state.storage_forms == 0) return;
    const std::size_t slot = frame.block.count - 1;
    const StepContext context = make_context(model_, frame.block.first + static_cast<std::int64_t>(slot));
    const auto p_mw = frame.block.of(StorageVar::p_mw, slot), forming = frame.block.of(StorageVar::forming, slot);
    std::vector<StorageCommand> commands = frame.decision.storages;
    const std::vector<double> given_mw(p_mw.begin(), p_mw.end());
    for (std::size_t i = 0; i < commands.size(); ++i)
      if (forming[i] != 0.0) commands[i].p_mw = given_mw[i];
    state.storages = frame.storage_before;
    for_each_bank(model_.storage_banks, state.storages,
                  [&](const auto& bank, BankState& bank_state, std::size_t first, std::size_t count) {
                    bank.step(bank_state, std::span(commands).subspan(first, count), context,
                              std::span(frame.storage_responses).subspan(first, count));
                  });
    write_storages(frame, slot);
    write_model_states(model_, state, frame, slot);
    for (std::size_t i = 0; i < commands.size(); ++i)
      p_mw[i] = given_mw[i];  // beyond a limit, the balance still closes
  }

 private:
  const Model& model_;
};

}  // namespace

std::unique_ptr<Stage> make_forming_stage(const Model& model) {
  return std::make_unique<FormingStage>(model);
}

}  // namespace gridplus
