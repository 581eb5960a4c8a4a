// The two stages around control, and what controllers know before the first step.

#include <limits>

#include "sim/step/exchange.hpp"

namespace gridplus {

namespace {

template <class Offer, class Banks>
Knowledge<Offer> first_knowledge(const Banks& banks, const StepContext& context) {
  Knowledge<Offer> known;
  for (const auto& bank : banks) {
    std::vector<Offer> offers(bank->size());
    bank->offer(bank->initial_state(context), context, offers);
    known.last.insert(known.last.end(), offers.begin(), offers.end());
  }
  known.reported.assign(known.last.size(), -1);
  known.at_hour.assign(known.last.size() * k_hours_of_day, std::numeric_limits<double>::quiet_NaN());
  return known;
}

}  // namespace

CommunicationStages make_communication_stages(const Model& model, int threads) {
  const auto exchange = std::make_shared<Exchange>(model, threads);
  return {make_uplink_stage(model, exchange), make_downlink_stage(model, exchange)};
}

CommunicationState initial_communication(const Model& model) {
  CommunicationState state;
  if (model.communication == nullptr) return state;
  const CommunicationModel& plan = *model.communication;
  state.transport = comms::Transport(plan.network, plan.transport, static_cast<double>(model.time.step_s()), model.seed,
                                     model.replicate, 1)
                        .initial();
  const StepContext context = make_context(model, 0);
  state.producers = first_knowledge<ProducerOffer>(model.producer_banks, context);
  state.storages = first_knowledge<StorageOffer>(model.storage_banks, context);
  state.consumers = first_knowledge<ConsumerOffer>(model.consumer_banks, context);
  return state;
}

}  // namespace gridplus
