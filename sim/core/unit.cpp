#include "sim/core/unit.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <stdexcept>
#include <vector>

#include "sim/core/error.hpp"

namespace gridplus {

namespace {

using B = Dimension::Base;

Dimension dim(std::initializer_list<std::pair<B, int>> exponents) {
  Dimension d;
  for (const auto& [base, exponent] : exponents) d.exponent[base] = static_cast<std::int8_t>(exponent);
  return d;
}

constexpr double k_gj_per_mwh = 3.6;
constexpr double k_btu_joule = 1055.05585262;  // International Table Btu
constexpr double k_mmbtu_mwh = k_btu_joule * 1e6 / 3.6e9;
constexpr double k_pound_tonne = 0.45359237e-3;  // international pound

const std::map<std::string, Unit, std::less<>>& unit_table() {
  static const std::map<std::string, Unit, std::less<>> table = [] {
    const Dimension one{}, power = dim({{B::power, 1}}), energy = dim({{B::power, 1}, {B::time, 1}});
    const Dimension reactive = dim({{B::reactive, 1}}), apparent = dim({{B::apparent, 1}}), time = dim({{B::time, 1}});
    const Dimension length = dim({{B::length, 1}}), mass = dim({{B::mass, 1}}), money = dim({{B::money, 1}});
    const Dimension voltage = dim({{B::voltage, 1}}), current = dim({{B::current, 1}}),
                    kelvin = dim({{B::temperature, 1}});
    const Dimension ohm = dim({{B::resistance, 1}}), siemens = dim({{B::resistance, -1}}), angle = dim({{B::angle, 1}});
    const Dimension volume = dim({{B::volume, 1}}), data = dim({{B::data, 1}}), area = dim({{B::length, 2}});
    const Dimension frequency = dim({{B::time, -1}});
    std::map<std::string, Unit, std::less<>> t{{"1", {one, 1, 0, {}}},
                                               {"%", {one, 0.01, 0, {}}},
                                               {"p.u.", {one, 1, 0, {}}},
                                               {"pu", {one, 1, 0, {}}},
                                               {"W", {power, 1e-6, 0, {}}},
                                               {"kW", {power, 1e-3, 0, {}}},
                                               {"MW", {power, 1, 0, {}}},
                                               {"GW", {power, 1e3, 0, {}}},
                                               {"Wh", {energy, 1e-6, 0, {}}},
                                               {"kWh", {energy, 1e-3, 0, {}}},
                                               {"MWh", {energy, 1, 0, {}}},
                                               {"GWh", {energy, 1e3, 0, {}}},
                                               {"TWh", {energy, 1e6, 0, {}}},
                                               {"kJ", {energy, 1e-6 / k_gj_per_mwh, 0, {}}},
                                               {"MJ", {energy, 1e-3 / k_gj_per_mwh, 0, {}}},
                                               {"GJ", {energy, 1 / k_gj_per_mwh, 0, {}}},
                                               {"TJ", {energy, 1e3 / k_gj_per_mwh, 0, {}}},
                                               {"BTU", {energy, k_mmbtu_mwh * 1e-6, 0, {}}},
                                               {"MMBTU", {energy, k_mmbtu_mwh, 0, {}}},
                                               {"VAr", {reactive, 1e-6, 0, {}}},
                                               {"kVAr", {reactive, 1e-3, 0, {}}},
                                               {"MVAr", {reactive, 1, 0, {}}},
                                               {"VA", {apparent, 1e-6, 0, {}}},
                                               {"kVA", {apparent, 1e-3, 0, {}}},
                                               {"MVA", {apparent, 1, 0, {}}},
                                               {"ms", {time, 1e-3 / 3600, 0, {}}},
                                               {"s", {time, 1.0 / 3600, 0, {}}},
                                               {"min", {time, 1.0 / 60, 0, {}}},
                                               {"h", {time, 1, 0, {}}},
                                               {"d", {time, 24, 0, {}}},
                                               {"day", {time, 24, 0, {}}},
                                               {"days", {time, 24, 0, {}}},
                                               {"week", {time, 168, 0, {}}},
                                               {"weeks", {time, 168, 0, {}}},
                                               {"month", {time, 730, 0, {}}},
                                               {"yr", {time, 8760, 0, {}}},
                                               {"year", {time, 8760, 0, {}}},
                                               {"years", {time, 8760, 0, {}}},
                                               {"Hz", {frequency, 3600, 0, {}}},
                                               {"mm", {length, 1e-3, 0, {}}},
                                               {"cm", {length, 1e-2, 0, {}}},
                                               {"m", {length, 1, 0, {}}},
                                               {"km", {length, 1e3, 0, {}}},
                                               {"m2", {area, 1, 0, {}}},
                                               {"km2", {area, 1e6, 0, {}}},
                                               {"m3", {volume, 1, 0, {}}},
                                               {"hm3", {volume, 1e6, 0, {}}},
                                               {"g", {mass, 1e-6, 0, {}}},
                                               {"kg", {mass, 1e-3, 0, {}}},
                                               {"t", {mass, 1, 0, {}}},
                                               {"kt", {mass, 1e3, 0, {}}},
                                               {"lb", {mass, k_pound_tonne, 0, {}}},
                                               {"K", {kelvin, 1, 0, {}}},
                                               {"degC", {kelvin, 1, 273.15, {}}},
                                               {"V", {voltage, 1e-3, 0, {}}},
                                               {"kV", {voltage, 1, 0, {}}},
                                               {"A", {current, 1e-3, 0, {}}},
                                               {"kA", {current, 1, 0, {}}},
                                               {"ohm", {ohm, 1, 0, {}}},
                                               {"S", {siemens, 1, 0, {}}},
                                               {"uS", {siemens, 1e-6, 0, {}}},
                                               {"mS", {siemens, 1e-3, 0, {}}},
                                               {"deg", {angle, 1, 0, {}}},
                                               {"rad", {angle, 57.295779513082320877, 0, {}}},
                                               {"bit", {data, 1, 0, {}}},
                                               {"kbit", {data, 1e3, 0, {}}},
                                               {"Mbit", {data, 1e6, 0, {}}},
                                               {"Gbit", {data, 1e9, 0, {}}},
                                               {"B", {data, 8, 0, {}}},
                                               {"kB", {data, 8e3, 0, {}}},
                                               {"MB", {data, 8e6, 0, {}}},
                                               {"GB", {data, 8e9, 0, {}}},
                                               {"currency", {money, 1, 0, {}}}};
    for (const char* code : {"EUR", "CNY", "USD", "GBP", "JPY", "INR", "AUD", "CAD", "CHF", "BRL", "KRW"})
      t[code] = {money, 1, 0, code};
    return t;
  }();
  return table;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// One factor of a unit, such as `MWh`.
const Unit& unit_factor(std::string_view name) {
  const auto& table = unit_table();
  if (const auto found = table.find(name); found != table.end()) return found->second;
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [key, unit] : table) names.push_back(key);
  const std::string hint = did_you_mean(name, names);
  throw std::invalid_argument(fmt::format("unknown unit '{}'{}{}", name, hint.empty() ? "" : "; ", hint));
}

/// Where std::from_chars, which knows no leading plus, shall begin: behind one, unless another sign follows it.
const char* behind_plus(std::string_view text) {
  const bool plus = text.size() > 1 && text.front() == '+' && text[1] != '-';
  return text.data() + (plus ? 1 : 0);
}

void multiply(Unit& product, const Unit& factor, int power) {
  for (std::size_t i = 0; i < Dimension::base_count; ++i)
    product.dimension.exponent[i] =
        static_cast<std::int8_t>(product.dimension.exponent[i] + power * factor.dimension.exponent[i]);
  product.scale = power > 0 ? product.scale * factor.scale : product.scale / factor.scale;
  if (!factor.currency.empty()) product.currency = factor.currency;
}

}  // namespace

std::string Dimension::text() const {
  static const std::vector<std::pair<Dimension, std::string>> named = {
      {{}, "a plain number"},
      {dim({{power, 1}}), "power (MW)"},
      {dim({{power, 1}, {time, 1}}), "energy (MWh)"},
      {dim({{reactive, 1}}), "reactive power (MVAr)"},
      {dim({{apparent, 1}}), "apparent power (MVA)"},
      {dim({{time, 1}}), "time (h)"},
      {dim({{length, 1}}), "length (m)"},
      {dim({{mass, 1}}), "mass (t)"},
      {dim({{temperature, 1}}), "temperature (degC)"},
      {dim({{money, 1}}), "money"},
      {dim({{voltage, 1}}), "voltage (kV)"},
      {dim({{current, 1}}), "current (kA)"},
      {dim({{resistance, 1}}), "resistance (ohm)"},
      {dim({{angle, 1}}), "angle (deg)"},
      {dim({{volume, 1}}), "volume (m3)"},
      {dim({{power, 1}, {time, -1}}), "power per time (MW/h)"},
      {dim({{money, 1}, {power, -1}, {time, -1}}), "money per energy (currency/MWh)"},
      {dim({{money, 1}, {mass, -1}}), "money per mass (currency/t)"},
      {dim({{mass, 1}, {power, -1}, {time, -1}}), "mass per energy (t/MWh)"},
      {dim({{length, 1}, {time, -1}}), "speed (m/s)"},
      {dim({{power, 1}, {length, -2}}), "irradiance (W/m2)"},
      {dim({{data, 1}}), "data (bit)"},
      {dim({{data, 1}, {time, -1}}), "data rate (bit/s)"},
      {dim({{time, -1}}), "rate (1/h)"}};
  for (const auto& [dimension, name] : named)
    if (dimension == *this) return name;
  static constexpr std::array<std::string_view, base_count> symbols = {
      "MW", "MVAr", "MVA", "h", "m", "t", "K", "currency", "kV", "kA", "ohm", "deg", "m3", "bit"};
  std::string out;
  for (std::size_t i = 0; i < base_count; ++i)
    if (exponent[i] != 0) out += fmt::format("{}{}^{}", out.empty() ? "" : " ", symbols[i], exponent[i]);
  return out;
}

Unit parse_unit(std::string_view text) {
  text = trim(text);
  if (text.empty()) throw std::invalid_argument("the unit is empty");
  constexpr std::size_t k_longest = 40;
  if (text.size() > k_longest) throw std::invalid_argument("a unit has at most 40 characters");
  if (text.find_first_of("/*") == std::string_view::npos) return unit_factor(text);
  Unit product;
  int power = 1;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find_first_of("/*", begin), text.size());
    const Unit& factor = unit_factor(trim(text.substr(begin, end - begin)));
    multiply(product, factor, power);
    if (end == text.size()) break;
    power = text[end] == '/' ? -1 : 1;
    begin = end + 1;
  }
  return product;
}

double parse_number(std::string_view text) {
  text = trim(text);
  const char* const text_end = text.data() + text.size();
  double value = 0.0;
  const auto [end, error] = std::from_chars(behind_plus(text), text_end, value);
  if (error == std::errc::result_out_of_range)
    throw std::invalid_argument(fmt::format("'{}' is too large or too small a number", text));
  if (error != std::errc{} || end != text_end)
    throw std::invalid_argument(fmt::format("'{}' is not a number", text.substr(0, 60)));
  if (!std::isfinite(value)) throw std::invalid_argument(fmt::format("'{}' is not a finite number", text));
  return value;
}

Quantity parse_quantity(std::string_view text) {
  text = trim(text);
  const char* const end = text.data() + text.size();
  double value = 0.0;
  const auto [rest, error] = std::from_chars(behind_plus(text), end, value);
  if (error == std::errc::result_out_of_range)
    throw std::invalid_argument(fmt::format("'{}' is too large or too small a number", text.substr(0, 60)));
  if (error != std::errc{})
    throw std::invalid_argument(fmt::format("'{}' is not a number with a unit, such as 150 kW", text.substr(0, 60)));
  if (!std::isfinite(value))
    throw std::invalid_argument(fmt::format("'{}' is not a finite number", text.substr(0, 60)));
  Quantity quantity;
  quantity.value = value;
  const std::string_view unit = trim(std::string_view(rest, static_cast<std::size_t>(end - rest)));
  quantity.plain = unit.empty();
  if (!quantity.plain) quantity.unit = parse_unit(unit);
  return quantity;
}

double convert(const Quantity& quantity, std::string_view target, std::string_view currency) {
  const Unit wanted = parse_unit(target);
  if (quantity.plain && !wanted.dimension.dimensionless())
    throw std::invalid_argument(
        fmt::format("a number without a unit is given for {}; write it with its unit, such as {} {}",
                    wanted.dimension.text(), quantity.value, target));
  if (!(quantity.unit.dimension == wanted.dimension))
    throw std::invalid_argument(
        fmt::format("{} is given where {} is needed", quantity.unit.dimension.text(), wanted.dimension.text()));
  const std::string_view asked = wanted.currency.empty() ? currency : std::string_view(wanted.currency);
  if (!quantity.unit.currency.empty() && !asked.empty() && quantity.unit.currency != asked)
    throw std::invalid_argument(
        fmt::format("the amount is in {}, the scenario's currency is {}", quantity.unit.currency, asked));
  if (quantity.unit.scale == wanted.scale && quantity.unit.offset == wanted.offset) return quantity.value;
  // Multiplying or dividing by a whole number keeps decimal figures exact where a product with 1e-3 would not.
  const double ratio = quantity.unit.scale / wanted.scale;
  const double inverse = wanted.scale / quantity.unit.scale;
  const double rounded = std::round(inverse);
  const double scaled =
      inverse > 1.0 && std::abs(inverse - rounded) < 1e-9 * rounded ? quantity.value / rounded : quantity.value * ratio;
  return scaled + (quantity.unit.offset - wanted.offset) / wanted.scale;
}

double quantity_in(std::string_view text, std::string_view target, std::string_view currency) {
  return convert(parse_quantity(text), target, currency);
}

}  // namespace gridplus
