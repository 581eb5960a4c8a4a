#include "scenarios/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <stdexcept>

#include "sim/core/unit.hpp"

namespace gridplus::scenario {

namespace {

/// A column as it is written: `file.csv#column`, times a scale.
struct ColumnReference {
  std::string file, column;
  const Node* node = nullptr;  ///< where it is written
};

bool is_date(std::string_view key) {
  return key.size() >= 5 && std::isdigit(static_cast<unsigned char>(key[0])) != 0 && key[4] == '-';
}

/// The unit of `scale` times a column of unit `column_unit`; throws std::invalid_argument.
Quantity times_column(const Quantity& scale, const std::string& column_unit) {
  if (column_unit.empty()) return scale;
  const Unit column = parse_unit(column_unit);
  Quantity product = scale;
  product.plain = false;
  for (std::size_t i = 0; i < Dimension::base_count; ++i)
    product.unit.dimension.exponent[i] =
        static_cast<std::int8_t>(product.unit.dimension.exponent[i] + column.dimension.exponent[i]);
  product.unit.scale *= column.scale;
  if (!column.currency.empty() && !scale.unit.currency.empty())
    throw std::invalid_argument("both the scale and the column are amounts of money");
  if (!column.currency.empty()) product.unit.currency = column.currency;
  return product;
}

/// What one of the column is in the unit of the field. Throws std::invalid_argument.
double column_factor(const Quantity& scale, const std::string& column_unit, const FieldInfo& field,
                     const std::string& currency) {
  const Unit wanted = parse_unit(field.unit);
  const bool offset = wanted.offset != 0.0 || (!column_unit.empty() && parse_unit(column_unit).offset != 0.0);
  if (offset) {  // a factor cannot move the zero of a scale of temperature
    if (column_unit != field.unit || !scale.plain)
      throw std::invalid_argument(
          fmt::format("a column of temperatures must be in {}, written [{}] in its header, "
                      "and its scale a plain number",
                      field.unit, field.unit));
    return scale.value;
  }
  return convert(times_column(scale, column_unit), field.unit, currency);
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

class SeriesDecoder {
 public:
  SeriesDecoder(Context& context, const FieldInfo& field, const Path& path, std::string_view owner)
      : context_(context), field_(field), path_(path), owner_(owner) {}

  std::optional<Decoded> decode(const Node& node) {
    if (node.is_scalar() && (node.text.find('#') != std::string::npos)) return from_text(node);
    if (is_timeline(node)) return from_timeline(node);
    if (node.is_map() && node.find("profile") != nullptr) return from_profile(node);
    if (node.is_map() && node.find("synthetic") != nullptr) return from_synthetic(node);
    if (node.is_map()) {
      context_.fail(node.where(), path_, "the map is no series",
                    fmt::format("a quantity in {}, {{profile: file.csv#column}}, {{synthetic: model}}, or a timeline",
                                field_.unit));
      return std::nullopt;
    }
    const auto value = decode_quantity(context_, node, field_.unit, path_);
    if (!value || !within_limits(context_, field_, *value, node.where(), path_)) return std::nullopt;
    return Decoded{FieldValue(Series{*value, {}}), {}};
  }

 private:
  void fail(const Node& node, std::string problem, std::string allowed = {}, std::string hint = {}) {
    context_.fail(node.where(), path_, std::move(problem), std::move(allowed), std::move(hint));
  }

  std::optional<Decoded> from_text(const Node& node) {
    const std::size_t star = node.text.rfind(" * ");
    Quantity scale{1.0, {}, true};
    if (star != std::string::npos) {
      try {
        scale = parse_quantity(node.text.substr(star + 3));
      } catch (const std::invalid_argument& error) {
        fail(node, error.what(), "a series such as file.csv#column * 0.25 MW");
        return std::nullopt;
      }
    }
    return from_column(node, node.text.substr(0, star), scale, Interpolation::hold, false);
  }

  std::optional<Decoded> from_profile(const Node& node) {
    refuse_unknown_keys(context_, node, {"profile", "scale", "interpolate", "repeat"}, path_);
    const Node& profile = *node.find("profile");
    const auto scale = read_scale(node);
    const auto interpolation = read_interpolation(node, {"hold", "linear"});
    const Node* const repeat = node.find("repeat");
    if (repeat != nullptr && repeat->text != "true" && repeat->text != "false") {
      fail(*repeat, fmt::format("{} is given for repeat", repeat->described()), "true, false");
      return std::nullopt;
    }
    const auto text = decode_text(context_, profile, path_);
    if (!text || !scale || !interpolation) return std::nullopt;
    return from_column(profile, *text, *scale, *interpolation, repeat != nullptr && repeat->text == "true");
  }

  std::optional<Quantity> read_scale(const Node& node) {
    const Node* const scale = node.find("scale");
    if (scale == nullptr) return Quantity{1.0, {}, true};
    try {
      if (!scale->is_scalar()) throw std::invalid_argument(fmt::format("{} is given for scale", scale->described()));
      return parse_quantity(scale->text);
    } catch (const std::invalid_argument& error) {
      context_.fail(scale->where(), Path(path_, "scale"), error.what(), "a quantity such as 60 MW, or a number");
      return std::nullopt;
    }
  }

  std::optional<Interpolation> read_interpolation(const Node& node, const std::vector<std::string>& names) {
    const Node* const text = node.find("interpolate");
    if (text == nullptr) return Interpolation::hold;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (text->text == names[i]) return static_cast<Interpolation>(i);
    context_.fail(text->where(), Path(path_, "interpolate"),
                  fmt::format("{} is no way to interpolate", text->described()),
                  fmt::format("{}", fmt::join(names, ", ")), did_you_mean(text->text, names));
    return std::nullopt;
  }

  std::optional<Decoded> from_column(const Node& node, const std::string& reference, const Quantity& scale,
                                     Interpolation interpolation, bool repeat) {
    const std::size_t hash = reference.find('#');
    if (hash == std::string::npos || hash + 1 == reference.size()) {
      fail(node, fmt::format("'{}' names no column", reference.substr(0, 60)), "file.csv#column");
      return std::nullopt;
    }
    const std::string file = trimmed(std::string_view(reference).substr(0, hash));
    const std::string wanted = trimmed(std::string_view(reference).substr(hash + 1));
    for (const char* ending : {".h5", ".hdf5", ".nc"})
      if (file.ends_with(ending)) {
        fail(node, "series from HDF5 files are not available in this version", "a CSV table: file.csv#column");
        return std::nullopt;
      }
    try {
      return add_column(node, file, wanted, scale, interpolation, repeat);
    } catch (const std::invalid_argument& error) {
      fail(node, error.what(), fmt::format("a column and a scale that give {}", field_.unit));
    } catch (const InputError& error) {
      for (const Diagnostic& d : error.diagnostics()) context_.fail(d.where, path_, d.problem, d.allowed, d.hint);
    } catch (const IoError& error) {
      fail(node, error.what());
    }
    return std::nullopt;
  }

  std::optional<Decoded> add_column(const Node& node, const std::string& file, const std::string& wanted,
                                    const Quantity& scale, Interpolation interpolation, bool repeat) {
    const SourceFile& from = *node.file;
    std::string key;
    try {
      key = from.files->find(from.folder, file);
    } catch (const std::invalid_argument& error) {
      fail(node, error.what(), "a CSV file in the scenario's folder");
      return std::nullopt;
    }
    const std::string display = shown_name(from, file);
    const ProfileHeader& header = context_.profiles.header(*from.files, key, display, context_.limits.profiles);
    const auto found = std::find(header.names.begin() + 1, header.names.end(), wanted);
    if (found == header.names.end()) {
      const std::vector<std::string> names(header.names.begin() + 1, header.names.end());
      constexpr std::size_t k_most_shown = 12;
      const std::vector<std::string> shown(
          names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(k_most_shown, names.size())));
      fail(node, fmt::format("'{}' has no column '{}'", display, wanted),
           fmt::format("{}{}", fmt::join(shown, ", "), names.size() > k_most_shown ? ", ..." : ""),
           did_you_mean(wanted, names));
      return std::nullopt;
    }
    const auto index = static_cast<std::size_t>(found - header.names.begin());
    const double factor = column_factor(scale, header.units[index], field_, context_.currency);
    ProfileRequest request{fmt::format("{}#{}", display, wanted),
                           FileColumn{from.files, key, display, wanted, index, interpolation, repeat},
                           node.where(),
                           path_.text(),
                           {}};
    const std::string identity = fmt::format("{}|{}|{}|{}|{}", static_cast<const void*>(from.files.get()), key, index,
                                             static_cast<int>(interpolation), repeat);
    return with_check(context_.profiles.request(identity, std::move(request)), factor, node);
  }

  Decoded with_check(ProfileId id, double factor, const Node& node) {
    if (std::isfinite(field_.min) || std::isfinite(field_.max))
      context_.profiles.check(id, {factor, &field_, node.where(), path_.text()});
    return Decoded{FieldValue(Series{factor, id}), {}};
  }

  std::optional<Decoded> from_timeline(const Node& node);
  std::optional<Decoded> from_synthetic(const Node& node);
  bool read_synthetic_params(const Node& node, const SyntheticModel& model, void* params);

  Context& context_;
  const FieldInfo& field_;
  const Path& path_;
  std::string_view owner_;
};

/// The points of a timeline, each decoded as the field says.
struct DatedNode {
  UtcSeconds utc = 0;
  const Member* member = nullptr;
};

std::optional<std::vector<DatedNode>> read_dates(Context& context, const Node& node, const Path& path) {
  std::vector<DatedNode> points;
  bool right = true;
  for (const Member& member : node.members) {
    if (member.key == "interpolate") continue;
    try {
      points.push_back({parse_time(member.key, context.time.start().offset_s).utc, &member});
    } catch (const std::invalid_argument& error) {
      context.fail(member.where(), path, error.what(), "dates as keys, and interpolate: step|linear");
      right = false;
    }
  }
  if (!right) return std::nullopt;
  for (std::size_t i = 1; i < points.size(); ++i)
    if (points[i].utc <= points[i - 1].utc) {
      context.fail(points[i].member->where(), path,
                   fmt::format("'{}' does not come after the date before it", points[i].member->key),
                   "dates in ascending order");
      return std::nullopt;
    }
  if (!points.empty() && points.front().utc > context.time.start().utc) {
    context.fail(points.front().member->where(), path,
                 fmt::format("the first date, {}, lies after the start of the run, {}", points.front().member->key,
                             format_local(context.time.start())),
                 "a first date at or before the start");
    return std::nullopt;
  }
  return points;
}

std::optional<Interpolation> timeline_interpolation(Context& context, const Node& node, const Path& path) {
  const Node* const text = node.find("interpolate");
  if (text == nullptr || text->text == "step") return Interpolation::hold;
  if (text->text == "linear") return Interpolation::linear;
  context.fail(text->where(), Path(path, "interpolate"), fmt::format("{} is no way to interpolate", text->described()),
               "step, linear");
  return std::nullopt;
}

std::optional<Decoded> SeriesDecoder::from_timeline(const Node& node) {
  const auto dates = read_dates(context_, node, path_);
  const auto interpolation = timeline_interpolation(context_, node, path_);
  if (!dates || !interpolation) return std::nullopt;
  Timeline timeline;
  timeline.interpolation = *interpolation;
  for (const DatedNode& date : *dates) {
    const auto value = decode_quantity(context_, date.member->value, field_.unit, path_);
    if (!value || !within_limits(context_, field_, *value, date.member->value.where(), path_)) return std::nullopt;
    timeline.points.emplace_back(date.utc, *value);
  }
  const SourceLocation where = node.where();
  const std::string place = fmt::format("{}:{}:{}", where.file, where.line, where.column);
  ProfileRequest request{"timeline at " + place, std::move(timeline), where, path_.text(), {}};
  const ProfileId id =
      context_.profiles.request(fmt::format("timeline|{}|{}", place, path_.text()), std::move(request));
  return Decoded{FieldValue(Series{1.0, id}), {}};
}

bool SeriesDecoder::read_synthetic_params(const Node& node, const SyntheticModel& model, void* params) {
  std::vector<std::string> known = {"synthetic", "scale", "region", "site"};
  for (const FieldInfo& field : model.fields) known.emplace_back(field.key);
  const std::size_t before = context_.problems.size();
  refuse_unknown_keys(context_, node, known, path_);
  for (const FieldInfo& field : model.fields) {
    const Node* const given = node.find(field.key);
    const Path place(path_, field.key);
    if (given == nullptr) {
      if (field.required)
        context_.fail(node.where(), path_, fmt::format("the key '{}' is missing", field.key),
                      fmt::format("{}: {}", field.key, field.doc));
      continue;
    }
    const auto decoded = decode_value(context_, field, *given, place, owner_);
    if (!decoded) continue;
    if (!std::holds_alternative<FieldValue>(decoded->value) || !decoded->changes.empty())
      context_.fail(given->where(), place, "a parameter of a synthetic series is one value", "a quantity");
    else
      field.set(params, std::get<FieldValue>(decoded->value));
  }
  return context_.problems.size() == before;
}

std::optional<Decoded> SeriesDecoder::from_synthetic(const Node& node) {
  const Node& type = *node.find("synthetic");
  std::vector<std::string> names;
  const SyntheticModel* model = nullptr;
  for (const SyntheticModel& candidate : synthetic_models()) {
    names.emplace_back(candidate.type);
    if (type.text == candidate.type) model = &candidate;
  }
  if (model == nullptr) {
    fail(type, fmt::format("{} is no synthetic series", type.described()), fmt::format("{}", fmt::join(names, ", ")),
         did_you_mean(type.text, names));
    return std::nullopt;
  }
  const std::shared_ptr<void> params = model->make_params();
  const auto scale = read_scale(node);
  if (!read_synthetic_params(node, *model, params.get()) || !scale) return std::nullopt;
  const Node* const region = node.find("region");
  const Node* const site = node.find("site");
  const std::string region_name = region == nullptr ? "" : region->text;
  const std::string site_name = site == nullptr ? std::string(owner_) : site->text;
  try {
    const double factor =
        column_factor(*scale, model->unit == "1" ? std::string() : std::string(model->unit), field_, context_.currency);
    const SeriesKeys keys{context_.seed, name_key(region_name), name_key(site_name), context_.replicate};
    const SourceLocation where = node.where();
    ProfileRequest request{fmt::format("synthetic {} of {}", model->type, site_name),
                           SyntheticSeries{model, params, keys},
                           where,
                           path_.text(),
                           {}};
    const std::string identity =
        fmt::format("synthetic|{}|{}:{}:{}|{}", site_name, where.file, where.line, where.column, path_.text());
    return with_check(context_.profiles.request(identity, std::move(request)), factor, node);
  } catch (const std::invalid_argument& error) {
    fail(node, error.what(), fmt::format("a scale that brings {} to {}", model->unit, field_.unit),
         "give the series its scale, such as scale: 60 MW");
    return std::nullopt;
  }
}

/// Changes of a number that goes linearly from date to date: one a step.
void add_linear_changes(const Context& context, const std::vector<std::pair<UtcSeconds, double>>& points,
                        Decoded& decoded) {
  std::size_t at = 0;
  double last = std::numeric_limits<double>::quiet_NaN();
  for (std::int64_t step = 0; step < context.time.steps(); ++step) {
    const UtcSeconds now = context.time.at(step).utc;
    while (at + 1 < points.size() && points[at + 1].first <= now) ++at;
    double value = points[at].second;
    if (at + 1 < points.size()) {
      const double share =
          static_cast<double>(now - points[at].first) / static_cast<double>(points[at + 1].first - points[at].first);
      value += share * (points[at + 1].second - points[at].second);
    }
    if (step == 0)
      decoded.value = FieldValue(value);
    else if (value != last)
      decoded.changes.push_back({step, value});
    last = value;
  }
}

void add_step_changes(const Context& context, const std::vector<std::pair<UtcSeconds, FieldValue>>& points,
                      Decoded& decoded) {
  for (const auto& [utc, value] : points) {
    if (utc <= context.time.start().utc)
      decoded.value = value;
    else if (const std::int64_t step = context.time.first_step_from(utc); step < context.time.steps())
      decoded.changes.push_back({step, value});
  }
}

}  // namespace

bool is_timeline(const Node& node) {
  return node.is_map() && std::any_of(node.members.begin(), node.members.end(),
                                      [](const Member& member) { return is_date(member.key); });
}

std::optional<Decoded> decode_series(Context& context, const FieldInfo& field, const Node& node, const Path& path,
                                     std::string_view owner) {
  return SeriesDecoder(context, field, path, owner).decode(node);
}

std::optional<Decoded> decode_steps(Context& context, const FieldInfo& field, const Node& node, const Path& path,
                                    std::string_view owner) {
  const auto dates = read_dates(context, node, path);
  const auto interpolation = timeline_interpolation(context, node, path);
  if (!dates || !interpolation) return std::nullopt;
  if (*interpolation == Interpolation::linear && field.kind != FieldKind::number) {
    context.fail(node.where(), path, "only numbers can change linearly", "interpolate: step");
    return std::nullopt;
  }
  std::vector<std::pair<UtcSeconds, FieldValue>> points;
  for (const DatedNode& date : *dates) {
    if (is_timeline(date.member->value)) {
      context.fail(date.member->value.where(), path, "a timeline stands inside a timeline", "a value for each date");
      return std::nullopt;
    }
    const auto value = decode_value(context, field, date.member->value, path, owner);
    if (!value) return std::nullopt;
    if (!std::holds_alternative<FieldValue>(value->value)) {
      context.fail(date.member->value.where(), path, "a distribution stands inside a timeline",
                   "a value for each date");
      return std::nullopt;
    }
    points.emplace_back(date.utc, std::get<FieldValue>(value->value));
  }
  Decoded decoded;
  if (*interpolation == Interpolation::hold) {
    add_step_changes(context, points, decoded);
    return decoded;
  }
  std::vector<std::pair<UtcSeconds, double>> numbers;
  for (const auto& [utc, value] : points) numbers.emplace_back(utc, std::get<double>(value));
  add_linear_changes(context, numbers, decoded);
  return decoded;
}

}  // namespace gridplus::scenario
