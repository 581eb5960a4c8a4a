#include "scenarios/study_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "scenarios/values.hpp"
#include "sim/core/unit.hpp"

namespace gridplus::scenario {

namespace {

constexpr std::array<std::string_view, 5> k_distributions = {"uniform", "normal", "lognormal", "triangular", "choice"};

/// The unit of a quantity as it is written: `2.5 MWh` has `MWh`; `1` for a plain number.
std::string unit_text(const std::string& quantity) {
  std::size_t end = 0;
  const auto is_digit = [&](std::size_t i) { return i < quantity.size() && quantity[i] >= '0' && quantity[i] <= '9'; };
  if (end < quantity.size() && (quantity[end] == '-' || quantity[end] == '+')) ++end;
  while (is_digit(end) || (end < quantity.size() && quantity[end] == '.')) ++end;
  if (end + 1 < quantity.size() && (quantity[end] == 'e' || quantity[end] == 'E')) {
    const std::size_t sign = quantity[end + 1] == '-' || quantity[end + 1] == '+' ? 1 : 0;
    if (is_digit(end + 1 + sign))
      for (end += 1 + sign; is_digit(end);) ++end;
  }
  while (end < quantity.size() && quantity[end] == ' ') ++end;
  return end < quantity.size() ? quantity.substr(end) : "1";
}

class AxisDecoder {
 public:
  AxisDecoder(Context& context, const Node& node, const Path& path, const AxisRequest& request, study::Axis& axis,
              SweptPlaces& places)
      : context_(context), node_(node), path_(path), request_(request), axis_(axis), places_(places) {}

  void decode() {
    if (const Node* const values = node_.find("values")) return decode_list(*values);
    if (node_.find("from") != nullptr || node_.find("to") != nullptr || node_.find("count") != nullptr)
      return decode_spacing();
    if (request_.sweep == study::Sweep::latin_hypercube)
      for (const std::string_view kind : k_distributions)
        if (const Node* const body = node_.find(kind)) return decode_distribution(kind, *body);
    context_.fail(node_.where(), path_, "the axis has no values",
                  request_.sweep == study::Sweep::latin_hypercube
                      ? fmt::format("one of {}", fmt::join(k_distributions, ", "))
                      : "values: [...], or from: ..., to: ..., count: ...");
  }

 private:
  void decode_list(const Node& list) {
    const Path place(path_, "values");
    if (request_.sweep == study::Sweep::latin_hypercube) {
      context_.fail(list.where(), place, "a latin hypercube draws its values", "a distribution",
                    "take 'choice: [...]' to draw from a list");
      return;
    }
    if (!list.is_list() || list.items.empty()) {
      context_.fail(list.where(), place, fmt::format("{} is given", list.described()), "a list of values");
      return;
    }
    for (const Node& item : list.items) add(item);
    find_numbers();
    for (std::size_t i = 0; i < axis_.labels.size(); ++i)
      for (std::size_t k = 0; k < i && request_.sweep == study::Sweep::grid; ++k)
        if (axis_.labels[i] == axis_.labels[k])
          context_.fail(list.items[i].where(), Path(place, i), fmt::format("'{}' is given twice", axis_.labels[i]),
                        "every value of an axis once");
  }

  void add(const Node& value) {
    places_.values.push_back(value);
    axis_.labels.push_back(value.is_scalar() ? value.text : fmt::format("value {}", axis_.labels.size()));
  }

  void add_number(double number, const std::string& unit, const Node& written) {
    Node value;
    value.kind = Node::Kind::scalar;
    value.file = written.file;
    value.line = written.line;
    value.column = written.column;
    value.text = unit == "1" ? fmt::format("{}", number) : fmt::format("{} {}", number, unit);
    add(value);
    axis_.values.push_back(number);
    axis_.unit = unit;
  }

  /// The values as numbers in the unit of the first, where they are quantities of one dimension.
  void find_numbers() {
    axis_.unit = unit_text(places_.values.front().text);
    for (const Node& value : places_.values) {
      try {
        if (!value.is_scalar() || value.quoted) throw std::invalid_argument("no number");
        axis_.values.push_back(quantity_in(value.text, axis_.unit, context_.currency));
      } catch (const std::invalid_argument&) {
        axis_.values.clear();
        axis_.unit.clear();
        return;
      }
    }
  }

  /// A quantity in the unit of the axis, which the first one that is read decides.
  std::optional<double> quantity(const Node& node, const Path& place) {
    if (unit_.empty() && node.is_scalar()) unit_ = unit_text(node.text);
    return decode_quantity(context_, node, unit_.empty() ? "1" : unit_, place);
  }

  std::optional<double> member(const Node& map, std::string_view key, const Path& path) {
    if (const Node* const node = map.find(key)) return quantity(*node, Path(path, key));
    context_.fail(map.where(), path, fmt::format("the key '{}' is missing", key));
    return std::nullopt;
  }

  void decode_spacing() {
    const auto from = member(node_, "from", path_), to = member(node_, "to", path_);
    const Node* const count_node = node_.find("count");
    if (count_node == nullptr) {
      context_.fail(node_.where(), path_, "the key 'count' is missing", "the number of values from 'from' to 'to'");
      return;
    }
    const auto count = decode_quantity(context_, *count_node, "1", Path(path_, "count"));
    constexpr double k_most = 1e6;
    if (count && (*count != std::floor(*count) || *count < 2 || *count > k_most)) {
      context_.fail(count_node->where(), Path(path_, "count"), fmt::format("{} is no usable count", *count),
                    fmt::format("a whole number from 2 to {}", k_most));
      return;
    }
    if (!from || !to || !count) return;
    for (double i = 0; i < *count; ++i)
      add_number(i + 1 == *count ? *to : *from + (*to - *from) * (i / (*count - 1)), unit_, node_);
  }

  void decode_distribution(std::string_view kind, const Node& body) {
    const Path place(path_, kind);
    const std::vector<double> shares =
        study::latin_hypercube(context_.seed, request_.number, static_cast<std::size_t>(request_.samples));
    if (kind == "choice") return decode_choice(body, place, shares);
    const auto quantiles = decode_quantiles(kind, body, place);
    if (!quantiles) return;
    for (const double share : shares) add_number(quantiles->at(share), unit_, body);
  }

  void decode_choice(const Node& body, const Path& place, const std::vector<double>& shares) {
    if (!body.is_list() || body.items.empty()) {
      context_.fail(body.where(), place, fmt::format("{} is given", body.described()), "a list of values");
      return;
    }
    study::Quantiles choice;
    choice.kind = study::Quantiles::Kind::choice;
    choice.choices = body.items.size();
    for (const double share : shares) add(body.items[static_cast<std::size_t>(choice.at(share))]);
    find_numbers();
  }

  std::optional<study::Quantiles> decode_quantiles(std::string_view kind, const Node& body, const Path& place) {
    using Kind = study::Quantiles::Kind;
    study::Quantiles out;
    if (kind == "uniform" || kind == "triangular") {
      const std::size_t size = kind == "uniform" ? 2 : 3;
      const char* const form = size == 2 ? "[lowest, highest]" : "[lowest, most likely, highest]";
      if (!body.is_list() || body.items.size() != size) {
        context_.fail(body.where(), place, fmt::format("{} is given", body.described()), form);
        return std::nullopt;
      }
      std::vector<double> numbers;
      for (std::size_t i = 0; i < size; ++i)
        if (const auto number = quantity(body.items[i], Path(place, i))) numbers.push_back(*number);
      if (numbers.size() != size) return std::nullopt;
      if (!std::is_sorted(numbers.begin(), numbers.end()) || numbers.front() == numbers.back()) {
        context_.fail(body.where(), place, "the values do not ascend", form);
        return std::nullopt;
      }
      out.kind = size == 2 ? Kind::uniform : Kind::triangular;
      out.a = numbers[0], out.b = numbers[1], out.c = numbers.back();
      return out;
    }
    const bool normal = kind == "normal";
    const char* const first = normal ? "mean" : "median";
    const char* const second = normal ? "sd" : "sigma";
    if (!body.is_map()) {
      context_.fail(body.where(), place, fmt::format("{} is given", body.described()),
                    fmt::format("{{{}: ..., {}: ...}}", first, second));
      return std::nullopt;
    }
    refuse_unknown_keys(context_, body, {first, second}, place);
    const auto a = member(body, first, place);
    std::optional<double> b;
    if (normal)
      b = member(body, second, place);
    else if (const Node* const sigma = body.find(second))
      b = decode_quantity(context_, *sigma, "1", Path(place, second));
    else
      context_.fail(body.where(), place, fmt::format("the key '{}' is missing", second));
    if (!a || !b) return std::nullopt;
    if (*b <= 0.0 || (!normal && *a <= 0.0)) {
      context_.fail(body.where(), place, "the distribution has no spread, or a median that is not positive",
                    normal ? "sd above 0" : "median and sigma above 0");
      return std::nullopt;
    }
    out.kind = normal ? Kind::normal : Kind::lognormal;
    out.a = *a, out.b = *b;
    return out;
  }

  Context& context_;
  const Node& node_;
  const Path& path_;
  const AxisRequest& request_;
  study::Axis& axis_;
  SweptPlaces& places_;
  std::string unit_;
};

}  // namespace

void decode_axis_values(Context& context, const Node& node, const Path& path, const AxisRequest& request,
                        study::Axis& axis, SweptPlaces& places) {
  AxisDecoder(context, node, path, request, axis, places).decode();
}

}  // namespace gridplus::scenario
