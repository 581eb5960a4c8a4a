// How storage acts without look-ahead: by what the last day looked like. Equations in docs/models/dispatch.md.
#pragma once

#include <span>

#include "sim/dispatch/dispatch.hpp"

namespace gridplus {

/// All storage of an island taken together.
struct StorageFleet {
  double max_charge_mw = 0.0, max_discharge_mw = 0.0;          ///< possible in this step
  double capacity_mwh = 0.0;                                   ///< energy between the lowest and the highest level
  double charge_efficiency = 1.0, discharge_efficiency = 1.0;  ///< weighted by capacity
  double wear_per_mwh = 0.0;
};

[[nodiscard]] StorageFleet gather_fleet(std::span<const StorageOffer> storages, std::span<const std::uint32_t> members);

/// Levels between which the net load of the remembered window would be held by one full cycle of the fleet: it
/// discharges above `high`, charges below `low`. `low` > `high` never; equal levels mean that cycling does not pay.
struct NetLoadBand {
  double low_mw = 0.0, high_mw = 0.0;
};
[[nodiscard]] NetLoadBand net_load_band(std::span<const double> window_mw, const StorageFleet& fleet, double step_h);

/// Fleet power in MW, discharge positive, that keeps the net load inside the band of the remembered window.
[[nodiscard]] double net_load_power(double net_load_mw, const IslandMemory& memory, const StorageFleet& fleet,
                                    double step_h);

/// Fleet power by price: full charge at or below the remembered window's cheap hours, full discharge in its dear hours,
/// idle where the spread does not pay for the losses and the wear.
[[nodiscard]] double price_power(double price_per_mwh, const IslandMemory& memory, const StorageFleet& fleet,
                                 double step_h);

}  // namespace gridplus
