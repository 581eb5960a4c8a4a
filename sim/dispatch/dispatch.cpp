#include "sim/dispatch/dispatch.hpp"

#include <algorithm>

#include "sim/dispatch/merit_order.hpp"

namespace gridplus {

void IslandMemory::remember(std::size_t samples, double net_load, double price, double firm_load) {
  if (net_load_mw.size() != samples) {
    net_load_mw.assign(samples, 0.0);
    price_per_mwh.assign(samples, 0.0);
    firm_load_mw.assign(samples, 0.0);
    next = filled = 0;
  }
  net_load_mw[next] = net_load;
  price_per_mwh[next] = price;
  firm_load_mw[next] = firm_load;
  next = (next + 1) % samples;
  filled = std::min(filled + 1, samples);
}

double IslandMemory::expected_net_load(std::size_t ahead, double fallback) const {
  const std::size_t samples = net_load_mw.size();
  if (filled < samples || samples == 0 || ahead > samples) return fallback;
  return net_load_mw[(next + ahead) % samples];
}

std::unique_ptr<Dispatcher> make_dispatcher(const DispatchOptions& options) {
  return std::make_unique<MeritOrder>(options);
}

}  // namespace gridplus
