#include "tools/live/topics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/step/stage.hpp"

namespace gridplus::live {

namespace {

/// What a device can do at the begin of the run, to judge set points by.
template <class Offer, class Banks>
std::vector<Offer> first_offers(const Banks& banks, const StepContext& context) {
  std::vector<Offer> all;
  for (const auto& bank : banks) {
    std::vector<Offer> offers(bank->size());
    bank->offer(bank->initial_state(context), context, offers);
    all.insert(all.end(), offers.begin(), offers.end());
  }
  return all;
}

template <class Banks>
std::vector<double> capacities_mw(const Banks& banks) {
  std::vector<double> all;
  for (const auto& bank : banks)
    for (std::size_t i = 0; i < bank->size(); ++i) all.push_back(bank->capacity_mw(i));
  return all;
}

}  // namespace

std::string topic_level(std::string_view name) {
  std::string level;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool kept = byte > 0x1F && byte != 0x7F && std::string_view("/+#%").find(c) == std::string_view::npos &&
                      !(c == '$' && level.empty());
    level += kept ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return level;
}

std::string_view kind_word(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::producer:
      return "producer";
    case DeviceKind::storage:
      return "storage";
    default:
      return "consumer";
  }
}

Topics::Topics(std::string_view prefix, std::string_view scenario) {
  constexpr std::size_t k_longest_prefix = 1024;
  const bool bad = prefix.empty() || prefix.size() > k_longest_prefix || prefix.front() == '/' ||
                   prefix.front() == '$' || prefix.back() == '/' || prefix.find_first_of("+#") != prefix.npos ||
                   std::any_of(prefix.begin(), prefix.end(), [](char c) { return static_cast<unsigned char>(c) < 32; });
  if (bad)
    throw InputError(Diagnostic{{},
                                "--topic",
                                fmt::format("'{}' cannot begin a topic", prefix.substr(0, 80)),
                                "levels divided by '/', without '+' and '#', such as site/gridplus",
                                {}});
  root_ = fmt::format("{}/{}", prefix, topic_level(scenario));
}

std::string Topics::of(std::string_view group, std::string_view name) const {
  return fmt::format("{}/{}/{}", root_, group, topic_level(name));
}

std::optional<Topics::Address> Topics::set_address(std::string_view topic) const {
  constexpr std::string_view k_set = "/set";
  if (topic.size() <= root_.size() + k_set.size() + 1 || topic.substr(0, root_.size()) != root_ ||
      topic[root_.size()] != '/' || topic.substr(topic.size() - k_set.size()) != k_set)
    return std::nullopt;
  topic.remove_prefix(root_.size() + 1);
  topic.remove_suffix(k_set.size());
  const std::size_t slash = topic.find('/');
  if (slash == topic.npos || topic.find('/', slash + 1) != topic.npos) return std::nullopt;
  return Address{topic.substr(0, slash), topic.substr(slash + 1)};
}

DeviceTable::DeviceTable(const Model& model, const Topics& topics) {
  const StepContext context = make_context(model, 0);
  const CommunicationModel* const plan = model.communication.get();
  const auto controllable = [&](const std::vector<std::uint32_t>& endpoints, std::size_t i) {
    return endpoints[i] == comms::k_no_index || plan->network.endpoint().controllable[endpoints[i]] != 0;
  };
  const auto add = [&](DeviceKind kind, std::size_t i, const std::string& name, double least_mw, double most_mw,
                       bool takes) {
    by_address_[fmt::format("{}/{}", kind_word(kind), topic_level(name))] = devices_.size();
    devices_.push_back(
        {kind, static_cast<std::uint32_t>(i), name, topics.of(kind_word(kind), name), least_mw, most_mw, takes});
  };
  const auto producers = first_offers<ProducerOffer>(model.producer_banks, context);
  const auto producer_mw = capacities_mw(model.producer_banks), storage_mw = capacities_mw(model.storage_banks);
  for (std::size_t p = 0; p < producers.size(); ++p)
    add(DeviceKind::producer, p, model.names.producer[p], std::min(0.0, producers[p].min_mw),
        std::max(producer_mw[p], producers[p].max_mw), plan == nullptr || controllable(plan->producer_endpoint, p));
  for (std::size_t s = 0; s < storage_mw.size(); ++s)
    add(DeviceKind::storage, s, model.names.storage[s], -storage_mw[s], storage_mw[s],
        plan == nullptr || controllable(plan->storage_endpoint, s));
  // What consumers ask for changes; those that can give back do so at most with what they can take.
  for (std::size_t c = 0; c < model.consumer_count(); ++c)
    add(DeviceKind::consumer, c, model.names.consumer[c], -std::numeric_limits<double>::max(),
        std::numeric_limits<double>::max(), plan == nullptr || controllable(plan->consumer_endpoint, c));
}

const LiveDevice* DeviceTable::find(std::string_view kind, std::string_view level) const {
  const auto found = by_address_.find(fmt::format("{}/{}", kind, level));
  return found == by_address_.end() ? nullptr : &devices_[found->second];
}

const LiveDevice& DeviceTable::at(DeviceKind kind, std::uint32_t index) const {
  const auto found = std::find_if(devices_.begin(), devices_.end(),
                                  [&](const LiveDevice& d) { return d.kind == kind && d.index == index; });
  ensure(found != devices_.end(), "a set point is for a device that does not exist");
  return *found;
}

}  // namespace gridplus::live
