#include "scenarios/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "scenarios/series.hpp"
#include "sim/core/random.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::scenario {

namespace {

std::string with_unit(double value, std::string_view unit) {
  return unit == "1" ? fmt::format("{}", value) : fmt::format("{} {}", value, unit);
}

std::optional<std::int64_t> decode_integer(Context& context, const Node& node, const Path& path) {
  const auto value = decode_quantity(context, node, "1", path);
  if (!value) return std::nullopt;
  constexpr double k_largest = 9e15;
  if (*value != std::floor(*value) || std::abs(*value) > k_largest) {
    context.fail(node.where(), path, fmt::format("{} is no whole number", *value), "a whole number");
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

std::optional<bool> decode_boolean(Context& context, const Node& node, const Path& path) {
  if (node.is_scalar() && node.text == "true") return true;
  if (node.is_scalar() && node.text == "false") return false;
  context.fail(node.where(), path, fmt::format("{} is given", node.described()), "true, false");
  return std::nullopt;
}

std::optional<std::int64_t> decode_choice(Context& context, const FieldInfo& field, const Node& node,
                                          const Path& path) {
  std::vector<std::string> names(field.choices.begin(), field.choices.end());
  if (node.is_scalar())
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == node.text) return static_cast<std::int64_t>(i);
  context.fail(node.where(), path, fmt::format("{} is none of the choices", node.described()),
               fmt::format("{}", fmt::join(names, ", ")), node.is_scalar() ? did_you_mean(node.text, names) : "");
  return std::nullopt;
}

std::optional<Curve> decode_curve(Context& context, const FieldInfo& field, const Node& node, const Path& path) {
  const auto expected = [&] {
    return fmt::format("a list of points such as [[0 {}, 0 {}], ...]", field.unit, field.y_unit);
  };
  if (!node.is_list() || node.items.empty()) {
    context.fail(node.where(), path, fmt::format("{} is given for a curve", node.described()), expected());
    return std::nullopt;
  }
  if (node.items.size() > Curve::k_max_points) {
    context.fail(node.where(), path, fmt::format("the curve has {} points", node.items.size()),
                 fmt::format("at most {} points", Curve::k_max_points));
    return std::nullopt;
  }
  Curve curve;
  for (const Node& point : node.items) {
    const Path place(path, static_cast<std::size_t>(curve.count));
    if (!point.is_list() || point.items.size() != 2) {
      context.fail(point.where(), place, fmt::format("{} is no point", point.described()), expected());
      return std::nullopt;
    }
    const auto x = decode_quantity(context, point.items[0], field.unit, place);
    const auto y = decode_quantity(context, point.items[1], field.y_unit, place);
    if (!x || !y) return std::nullopt;
    if (curve.count > 0 && *x <= curve.x[curve.count - 1]) {
      context.fail(point.where(), place, "the points of a curve do not ascend", "each point right of the one before");
      return std::nullopt;
    }
    curve.x[curve.count] = *x;
    curve.y[curve.count++] = *y;
  }
  return curve;
}

// ---- distributions

constexpr std::array<std::string_view, 4> k_distributions = {"normal", "uniform", "choice", "lognormal"};

bool is_distribution(const Node& node) {
  return node.is_map() && node.members.size() == 1 &&
         std::find(k_distributions.begin(), k_distributions.end(), node.members[0].key) != k_distributions.end();
}

/// The quantities of a map by their keys; those of `needed` must be there.
class DistributionReader {
 public:
  DistributionReader(Context& context, const FieldInfo& field, const Node& node, const Path& path)
      : context_(context), field_(field), node_(node), path_(path) {}

  std::optional<Distribution> read() {
    const std::string& kind = node_.members[0].key;
    if (kind == "normal") return read_map(Distribution::Kind::normal, "mean", "sd", field_.unit);
    if (kind == "lognormal") return read_map(Distribution::Kind::lognormal, "median", "sigma", "1");
    return read_list(kind == "uniform" ? Distribution::Kind::uniform : Distribution::Kind::choice);
  }

 private:
  std::optional<Distribution> wrong(std::string allowed) {
    context_.fail(node_.where(), path_, fmt::format("the {} distribution is not complete", node_.members[0].key),
                  std::move(allowed));
    return std::nullopt;
  }

  std::optional<Distribution> read_map(Distribution::Kind kind, std::string_view first, std::string_view second,
                                       std::string_view second_unit) {
    const Node& body = node_.members[0].value;
    const std::string form = fmt::format("{{{}: ..., {}: ..., min: ..., max: ...}}", first, second);
    if (!body.is_map() || body.find(first) == nullptr || body.find(second) == nullptr) return wrong(form);
    Distribution out;
    out.kind = kind;
    bool right = true;
    for (const Member& member : body.members) {
      const Path place(path_, member.key);
      const bool is_second = member.key == second;
      double* const target = member.key == first   ? &out.a
                             : is_second           ? &out.b
                             : member.key == "min" ? &out.min
                             : member.key == "max" ? &out.max
                                                   : nullptr;
      if (target == nullptr) {
        context_.fail(member.where(), place, fmt::format("the key '{}' is unknown", member.key), form);
        right = false;
        continue;
      }
      const auto value = decode_quantity(context_, member.value, is_second ? second_unit : field_.unit, place);
      if (value) *target = *value;
      right = right && value.has_value();
    }
    if (!right) return std::nullopt;
    if (out.b < 0.0 || out.min >= out.max || (kind == Distribution::Kind::lognormal && out.a <= 0.0))
      return wrong("a spread of at least 0, min below max, a median above 0");
    return check(out, std::max(out.min, out.kind == Distribution::Kind::lognormal ? 0.0 : out.min));
  }

  std::optional<Distribution> read_list(Distribution::Kind kind) {
    const Node& body = node_.members[0].value;
    const bool uniform = kind == Distribution::Kind::uniform;
    if (!body.is_list() || body.items.empty() || (uniform && body.items.size() != 2))
      return wrong(uniform ? "a list [lowest, highest]" : "a list of values");
    Distribution out;
    out.kind = kind;
    for (const Node& item : body.items) {
      const auto value = decode_quantity(context_, item, field_.unit, path_);
      if (!value || !within_limits(context_, field_, *value, item.where(), path_)) return std::nullopt;
      out.values.push_back(*value);
    }
    if (!uniform) return out;
    out.a = out.values[0], out.b = out.values[1];
    if (out.a > out.b) return wrong("the lowest value first");
    return out;
  }

  /// A distribution that may leave the field's limits must say where it is cut off.
  std::optional<Distribution> check(const Distribution& out, double lowest) {
    if (lowest >= field_.min && out.max <= field_.max &&
        !(field_.min_excluded && lowest == field_.min && out.kind != Distribution::Kind::lognormal))
      return out;
    context_.fail(node_.where(), path_, fmt::format("the {} distribution may leave the limits", node_.members[0].key),
                  limits_text(field_), "give the distribution min and max");
    return std::nullopt;
  }

  Context& context_;
  const FieldInfo& field_;
  const Node& node_;
  const Path& path_;
};

}  // namespace

double Distribution::draw(std::uint64_t seed, std::uint32_t replicate, std::string_view name, std::uint64_t index,
                          std::string_view key) const {
  const RandomKey random{seed, replicate, RandomStream::scenario_distribution, name_key(name),
                         (static_cast<std::uint64_t>(name_key(key)) << 32) | index};
  const double u = gridplus::uniform(random);
  if (kind == Kind::uniform) return a + (b - a) * u;
  if (kind == Kind::choice) return values[static_cast<std::size_t>(u * static_cast<double>(values.size()))];
  if (b == 0.0) return std::clamp(a, min, max);
  const auto score = [&](double x) {
    if (kind == Kind::normal) return (x - a) / b;
    return x <= 0.0 ? -std::numeric_limits<double>::infinity() : std::log(x / a) / b;
  };
  const double low = normal_cdf(score(min)), high = normal_cdf(score(max));
  const double p = std::clamp(low + (high - low) * u, 1e-300, 1.0 - 1e-16);
  const double z = normal_quantile(p);
  return std::clamp(kind == Kind::normal ? a + b * z : a * std::exp(b * z), min, max);
}

std::string limits_text(const FieldInfo& field) {
  const bool low = std::isfinite(field.min), high = std::isfinite(field.max);
  if (low && high && !field.min_excluded)
    return fmt::format("from {} to {}", with_unit(field.min, field.unit), with_unit(field.max, field.unit));
  std::string text;
  if (low) text = fmt::format("{} {}", field.min_excluded ? "above" : "at least", with_unit(field.min, field.unit));
  if (high) text += fmt::format("{}at most {}", low ? " and " : "", with_unit(field.max, field.unit));
  return text;
}

bool within_limits(Context& context, const FieldInfo& field, double value, const SourceLocation& where,
                   const Path& path) {
  const bool low = field.min_excluded ? value > field.min : value >= field.min;
  if (low && value <= field.max) return true;
  context.fail(where, path, fmt::format("{} is out of range", with_unit(value, field.unit)), limits_text(field));
  return false;
}

std::optional<double> decode_quantity(Context& context, const Node& node, std::string_view unit, const Path& path) {
  if (!node.is_scalar()) {
    context.fail(node.where(), path, fmt::format("{} is given", node.described()),
                 unit == "1" ? std::string("a number") : fmt::format("a quantity such as 1 {}", unit));
    return std::nullopt;
  }
  try {
    return quantity_in(node.text, unit, context.currency);
  } catch (const std::invalid_argument& error) {
    context.fail(node.where(), path, error.what(),
                 unit == "1" ? std::string("a number") : fmt::format("a quantity in {}", unit));
    return std::nullopt;
  }
}

std::optional<std::string> decode_text(Context& context, const Node& node, const Path& path) {
  if (node.is_scalar()) return node.text;
  context.fail(node.where(), path, fmt::format("{} is given", node.described()), "a text");
  return std::nullopt;
}

void refuse_unknown_keys(Context& context, const Node& map, const std::vector<std::string>& known, const Path& path) {
  for (const Member& member : map.members) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    context.fail(member.where(), Path(path, member.key), fmt::format("the key '{}' is unknown", member.key),
                 fmt::format("{}", fmt::join(known, ", ")), did_you_mean(member.key, known));
  }
}

std::optional<Decoded> decode_value(Context& context, const FieldInfo& field, const Node& node, const Path& path,
                                    std::string_view owner) {
  if (field.kind == FieldKind::series) return decode_series(context, field, node, path, owner);
  if (field.kind == FieldKind::curve) {
    if (const auto curve = decode_curve(context, field, node, path)) return Decoded{FieldValue(*curve), {}};
    return std::nullopt;
  }
  if (is_timeline(node)) return decode_steps(context, field, node, path, owner);
  if (field.kind == FieldKind::boolean) {
    if (const auto value = decode_boolean(context, node, path)) return Decoded{FieldValue(*value), {}};
    return std::nullopt;
  }
  if (field.kind == FieldKind::choice) {
    if (const auto value = decode_choice(context, field, node, path)) return Decoded{FieldValue(*value), {}};
    return std::nullopt;
  }
  if (field.kind == FieldKind::integer) {
    const auto value = decode_integer(context, node, path);
    if (!value || !within_limits(context, field, static_cast<double>(*value), node.where(), path)) return std::nullopt;
    return Decoded{FieldValue(*value), {}};
  }
  if (is_distribution(node)) {
    if (const auto value = DistributionReader(context, field, node, path).read()) return Decoded{*value, {}};
    return std::nullopt;
  }
  if (node.is_map()) {
    context.fail(node.where(), path, "a map is given for a number that does not vary with a series",
                 fmt::format("a quantity in {}, a timeline such as {{2016-01-01: ..., 2018-01-01: ...}}, or a "
                             "distribution (normal, uniform, choice, lognormal)",
                             field.unit));
    return std::nullopt;
  }
  const auto value = decode_quantity(context, node, field.unit, path);
  if (!value || !within_limits(context, field, *value, node.where(), path)) return std::nullopt;
  return Decoded{FieldValue(*value), {}};
}

}  // namespace gridplus::scenario
