// What a producer makes electricity from.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gridplus {

enum class Carrier : std::uint8_t {
  coal,
  lignite,
  gas,
  oil,
  nuclear,
  hydro,
  wind,
  solar,
  biomass,
  geothermal,
  waste,
  grid,
  other
};

inline constexpr std::array<std::string_view, 13> k_carrier_names = {
    "coal",  "lignite", "gas",        "oil",   "nuclear", "hydro", "wind",
    "solar", "biomass", "geothermal", "waste", "grid",    "other"};

[[nodiscard]] std::string_view to_string(Carrier carrier);

}  // namespace gridplus
