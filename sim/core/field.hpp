// Field descriptions: the one place where a parameter's key, unit, limits, meaning and default are written.
//
// From them come the YAML and CSV keys with their checks, the JSON schema, the columns of the results and the tables in
// the documentation. A device model lists its fields as a constexpr tuple; FieldInfo is the same with the types erased.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/id.hpp"

namespace gridplus {

/// A number that may depend on time: `scale` alone, or `scale` times a column of the profile table.
struct Series {
  double scale = 0.0;
  ProfileId profile{};
  [[nodiscard]] bool constant() const { return !profile.valid(); }
};

/// A piecewise-linear function given by points with ascending x.
struct Curve {
  static constexpr std::size_t k_max_points = 12;
  std::uint32_t count = 0;
  std::array<double, k_max_points> x{};
  std::array<double, k_max_points> y{};
};

enum class FieldKind : std::uint8_t { number, integer, boolean, choice, series, curve };

/// What a field holds, without its type. A choice is held as the index into FieldInfo::choices.
using FieldValue = std::variant<double, std::int64_t, bool, Series, Curve>;

/// A field of `Owner` (a model's Params or State).
template <class Owner, class T>
struct Field {
  std::string_view key;
  std::string_view unit;  ///< of the value; of x for a curve
  std::string_view doc;
  T Owner::*member;
  bool is_required = false;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_excluded = false;
  std::string_view y_unit{};  ///< curves only
  std::span<const std::string_view> names{};

  [[nodiscard]] constexpr Field required() const {
    return with([](Field& f) { f.is_required = true; });
  }
  [[nodiscard]] constexpr Field at_least(double low) const {
    return with([&](Field& f) { f.min = low; });
  }
  [[nodiscard]] constexpr Field above(double low) const {
    return with([&](Field& f) { f.min = low, f.min_excluded = true; });
  }
  [[nodiscard]] constexpr Field at_most(double high) const {
    return with([&](Field& f) { f.max = high; });
  }
  [[nodiscard]] constexpr Field between(double low, double high) const { return at_least(low).at_most(high); }
  /// The names of an enum's values, in the order of the values 0, 1, ...
  [[nodiscard]] constexpr Field one_of(std::span<const std::string_view> values) const {
    return with([&](Field& f) { f.names = values; });
  }
  [[nodiscard]] constexpr Field gives(std::string_view unit_of_y) const {
    return with([&](Field& f) { f.y_unit = unit_of_y; });
  }

 private:
  template <class Change>
  [[nodiscard]] constexpr Field with(Change change) const {
    Field copy = *this;
    change(copy);
    return copy;
  }
};

/// Describes `member` under the key people write, its unit (`1` for a plain number) and its meaning. The default is
/// what a default-made Owner holds.
template <class Owner, class T>
constexpr Field<Owner, T> field(T Owner::*member, std::string_view key, std::string_view unit, std::string_view doc) {
  return {key, unit, doc, member};
}

/// A field with its types erased. Functions take a pointer to the owner (Params or State) that the field belongs to.
struct FieldInfo {
  std::string_view key, unit, doc;
  FieldKind kind = FieldKind::number;
  bool required = false;
  double min = 0.0, max = 0.0;
  bool min_excluded = false;
  std::string_view y_unit;
  std::span<const std::string_view> choices;
  FieldValue default_value;
  FieldValue (*get)(const void* owner) = nullptr;
  void (*set)(void* owner, const FieldValue& value) = nullptr;
};

namespace detail {

template <class T>
constexpr FieldKind kind_of() {
  if constexpr (std::is_same_v<T, bool>) return FieldKind::boolean;
  if constexpr (std::is_enum_v<T>) return FieldKind::choice;
  if constexpr (std::is_integral_v<T>) return FieldKind::integer;
  if constexpr (std::is_same_v<T, Series>) return FieldKind::series;
  if constexpr (std::is_same_v<T, Curve>) return FieldKind::curve;
  return FieldKind::number;
}

template <class T>
FieldValue to_value(const T& member) {
  if constexpr (kind_of<T>() == FieldKind::choice || kind_of<T>() == FieldKind::integer)
    return static_cast<std::int64_t>(member);
  else
    return member;
}

template <class T>
void from_value(T& member, const FieldValue& value) {
  if constexpr (kind_of<T>() == FieldKind::choice || kind_of<T>() == FieldKind::integer)
    member = static_cast<T>(std::get<std::int64_t>(value));
  else
    member = std::get<T>(value);
}

template <class Owner, const auto& fields, std::size_t I>
FieldInfo erase_one() {
  constexpr auto& f = std::get<I>(fields);
  using T = std::remove_cvref_t<decltype(std::declval<Owner>().*(f.member))>;
  static_assert(kind_of<T>() != FieldKind::number || std::is_same_v<T, double>, "a number is held as double");
  return {f.key,
          f.unit,
          f.doc,
          kind_of<T>(),
          f.is_required,
          f.min,
          f.max,
          f.min_excluded,
          f.y_unit,
          f.names,
          to_value(Owner{}.*(f.member)),
          [](const void* owner) { return to_value(static_cast<const Owner*>(owner)->*(std::get<I>(fields).member)); },
          [](void* owner, const FieldValue& value) {
            from_value(static_cast<Owner*>(owner)->*(std::get<I>(fields).member), value);
          }};
}

}  // namespace detail

/// The fields of `Owner` with their types erased; made once.
template <class Owner, const auto& fields>
std::span<const FieldInfo> erased_fields() {
  static const std::vector<FieldInfo> infos = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::vector<FieldInfo>{detail::erase_one<Owner, fields, I>()...};
  }
  (std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<decltype(fields)>>>{});
  return infos;
}

}  // namespace gridplus
