// Physical quantities in text, such as `150 kW`, `10.5 GJ/MWh`, `2.5 %/min`, `25 degC`, checked by dimension.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gridplus {

/// Exponents of the base dimensions. Active, reactive and apparent power are kept apart on purpose, so that a rating
/// in MVA is never taken for an output in MW; energy is power times time, whether electrical or thermal.
struct Dimension {
  enum Base : std::uint8_t {
    power,
    reactive,
    apparent,
    time,
    length,
    mass,
    temperature,
    money,
    voltage,
    current,
    resistance,
    angle,
    volume,
    data,
    base_count
  };
  std::array<std::int8_t, base_count> exponent{};
  friend bool operator==(const Dimension&, const Dimension&) = default;
  [[nodiscard]] bool dimensionless() const { return *this == Dimension{}; }
  /// The dimension in words, such as `power`, `energy`, `money per energy`, or in base units where it has no name.
  [[nodiscard]] std::string text() const;
};

/// A unit: how many of the base units (MW, MVAr, MVA, h, m, t, K, currency, kV, kA, ohm, degree, m3, bit) one of it is.
struct Unit {
  Dimension dimension;
  double scale = 1.0;
  double offset = 0.0;   ///< only degree Celsius has one: kelvin = scale * x + offset
  std::string currency;  ///< the ISO code where the unit names a currency, else empty
};

/// Parses a unit such as `MW`, `EUR/MWh`, `MW/min`, `1/K`, `W/m2`, `%`, `p.u.`. The unit `currency` stands for the
/// scenario's own. Throws std::invalid_argument that says which part is unknown and names near units.
[[nodiscard]] Unit parse_unit(std::string_view text);

struct Quantity {
  double value = 0.0;  ///< in `unit`
  Unit unit;
  bool plain = false;  ///< written as a number without a unit
};

/// Parses a number followed by an optional unit. Throws std::invalid_argument for what is not a finite number with a
/// known unit (NaN, infinity, hexadecimal and trailing text are refused).
[[nodiscard]] Quantity parse_quantity(std::string_view text);

/// The value of `quantity` in `target`. Throws std::invalid_argument naming both dimensions where they differ, where a
/// plain number is given for a target that has a dimension, and where two different currencies meet.
/// `currency`: what a target unit `currency` stands for; empty accepts any.
[[nodiscard]] double convert(const Quantity& quantity, std::string_view target, std::string_view currency = {});

/// parse_quantity and convert in one.
[[nodiscard]] double quantity_in(std::string_view text, std::string_view target, std::string_view currency = {});

/// Parses a complete finite decimal number without regard to the locale. Throws std::invalid_argument.
[[nodiscard]] double parse_number(std::string_view text);

}  // namespace gridplus
