#include "scenarios/describe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "models/registry.hpp"
#include "scenarios/sections.hpp"
#include "scenarios/synthesis.hpp"
#include "scenarios/values.hpp"
#include "sim/comms/technology.hpp"
#include "sim/core/error.hpp"

namespace gridplus {

namespace {

std::string_view to_string(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::producer:
      return "producer";
    case DeviceKind::consumer:
      return "consumer";
    case DeviceKind::storage:
      return "storage";
  }
  return {};
}

std::string number_text(double value) {
  if (std::isnan(value)) return "";
  if (std::isinf(value)) return "unlimited";
  return fmt::format("{:.6g}", value);
}

std::string default_text(const FieldInfo& field) {
  if (field.required) return "required";
  const FieldValue& value = field.default_value;
  if (const auto* const x = std::get_if<double>(&value)) return number_text(*x);
  if (const auto* const x = std::get_if<bool>(&value)) return *x ? "true" : "false";
  if (const auto* const x = std::get_if<Series>(&value)) return number_text(x->scale);
  if (const auto* const x = std::get_if<std::int64_t>(&value)) {
    if (field.kind != FieldKind::choice) return fmt::format("{}", *x);
    return std::string(field.choices[static_cast<std::size_t>(*x)]);
  }
  const Curve& curve = std::get<Curve>(value);
  std::string text;
  for (std::uint32_t i = 0; i < curve.count; ++i)
    text += fmt::format("{}[{:.6g}, {:.6g}]", i == 0 ? "" : ", ", curve.x[i], curve.y[i]);
  return text;
}

std::string unit_text(const FieldInfo& field) {
  if (!field.y_unit.empty()) return fmt::format("{}: {}", field.unit, field.y_unit);
  return field.unit == "1" ? std::string() : std::string(field.unit);
}

std::string kind_text(const FieldInfo& field) {
  switch (field.kind) {
    case FieldKind::number:
      return "number";
    case FieldKind::integer:
      return "whole number";
    case FieldKind::boolean:
      return "true, false";
    case FieldKind::choice:
      return fmt::format("{}", fmt::join(field.choices, ", "));
    case FieldKind::series:
      return "series";
    case FieldKind::curve:
      return "curve";
  }
  return {};
}

std::string plain_table(std::span<const FieldInfo> fields) {
  std::string out;
  for (const FieldInfo& field : fields) {
    out += fmt::format("  {:<24} {:<14} {}\n", field.key, unit_text(field), field.doc);
    const std::string by_default = default_text(field), limits = scenario::limits_text(field);
    out += fmt::format("  {:<24} {}{}{}{}{}{}\n", "", kind_text(field), by_default.empty() ? "" : "; ",
                       field.required || by_default.empty() ? "" : "default ", by_default, limits.empty() ? "" : "; ",
                       limits);
  }
  return out;
}

std::string describe(const ModelInfo& model) {
  std::string out =
      fmt::format("{} ({}): {}\n\n{}", model.type, to_string(model.kind), model.doc, plain_table(model.fields));
  if (model.kind == DeviceKind::consumer)
    out += fmt::format("\nfor every consumer:\n\n{}", plain_table(scenario::section_fields<scenario::SupplySection>()));
  else
    out += fmt::format("\nconnection to the grid, for every producer and storage:\n\n{}",
                       plain_table(scenario::section_fields<scenario::ConnectionSection>()));
  return out;
}

std::string describe(const scenario::SyntheticModel& model) {
  return fmt::format("{} (synthetic series, in {}): {}\n\n{}", model.type,
                     model.unit == "1" ? "plain numbers" : model.unit, model.doc, plain_table(model.fields));
}

std::string describe(const comms::TechnologyInfo& technology) {
  std::string out = fmt::format("{} (communication technology): {}\n  source of its values: {}\n\n", technology.name,
                                technology.doc, technology.source);
  for (const FieldInfo& field : scenario::section_fields<comms::LinkParameters>())
    out += fmt::format("  {:<24} {:<14} {:<10} {}\n", field.key, unit_text(field),
                       number_text(std::get<double>(field.get(&technology.parameters))), field.doc);
  return out;
}

[[noreturn]] void refuse_name(std::string_view name, std::string_view what, const std::vector<std::string>& known) {
  throw InputError(Diagnostic{{},
                              {},
                              fmt::format("there is no {} '{}'", what, name),
                              fmt::format("{}", fmt::join(known, ", ")),
                              did_you_mean(name, known)});
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const ModelInfo& model : device_models()) names.emplace_back(model.type);
  for (const scenario::SyntheticModel& model : scenario::synthetic_models()) names.emplace_back(model.type);
  for (const comms::TechnologyInfo& technology : comms::technologies()) names.emplace_back(technology.name);
  return names;
}

std::optional<std::span<const FieldInfo>> find_fields(std::string_view name) {
  if (const ModelInfo* const model = find_model(device_models(), name)) return model->fields;
  for (const scenario::SyntheticModel& model : scenario::synthetic_models())
    if (model.type == name) return model.fields;
  for (const scenario::SectionInfo& section : scenario::sections())
    if (section.path == name) return section.fields;
  return std::nullopt;
}

}  // namespace

std::string list_models() {
  std::string out;
  for (const ModelInfo& model : device_models())
    out += fmt::format("{:<10} {:<24} {}\n", to_string(model.kind), model.type, model.doc);
  return out;
}

std::string describe_model(std::string_view name) {
  if (const ModelInfo* const model = find_model(device_models(), name)) return describe(*model);
  for (const scenario::SyntheticModel& model : scenario::synthetic_models())
    if (model.type == name) return describe(model);
  for (const comms::TechnologyInfo& technology : comms::technologies())
    if (technology.name == name) return describe(technology);
  refuse_name(name, "model", model_names());
}

std::string describe_series() {
  std::string out;
  for (const scenario::SyntheticModel& model : scenario::synthetic_models())
    out += fmt::format("{}{}", out.empty() ? "" : "\n", describe(model));
  return out;
}

std::string describe_technologies() {
  std::string out = fmt::format("{:<10} {:>10} {:>6} {:>10} {:>8} {:>8} {:>6} {:>9}  {}\n", "technology", "latency",
                                "sigma", "capacity", "loss", "mtbf", "mttr", "interval", "source");
  out += fmt::format("{:<10} {:>10} {:>6} {:>10} {:>8} {:>8} {:>6} {:>9}\n", "", "ms", "", "Mbit/s", "", "h", "h", "s");
  for (const comms::TechnologyInfo& technology : comms::technologies()) {
    const comms::LinkParameters& p = technology.parameters;
    const std::string mtbf = std::isfinite(p.mtbf_h) ? fmt::format("{:g}", p.mtbf_h) : std::string("never");
    out += fmt::format("{:<10} {:>10g} {:>6g} {:>10g} {:>8g} {:>8} {:>6g} {:>9g}  {}\n", technology.name, p.latency_ms,
                       p.latency_sigma, p.capacity_mbit_per_s, p.loss, mtbf, p.mttr_h, p.report_interval_s,
                       technology.source);
  }
  return out;
}

std::string field_table(std::span<const FieldInfo> fields) {
  std::string out = "| key | unit | default | allowed | meaning |\n|---|---|---|---|---|\n";
  for (const FieldInfo& field : fields) {
    const std::string limits = scenario::limits_text(field);
    out += fmt::format("| `{}` | {} | {} | {}{}{} | {} |\n", field.key, unit_text(field), default_text(field),
                       kind_text(field), limits.empty() ? "" : "; ", limits, field.doc);
  }
  return out;
}

std::string field_table_of(std::string_view name) {
  if (const auto fields = find_fields(name)) return field_table(*fields);
  std::vector<std::string> names = model_names();
  for (const scenario::SectionInfo& section : scenario::sections()) names.emplace_back(section.path);
  refuse_name(name, "model, synthetic series or section", names);
}

std::string with_field_tables(std::string_view text, std::string_view page) {
  constexpr std::string_view k_begin = "<!-- fields", k_end = " -->\n";
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t marker = text.find(k_begin, at);
    const std::size_t end = marker == std::string_view::npos ? marker : text.find(k_end, marker);
    if (end == std::string_view::npos) return out.append(text.substr(at));
    std::string_view name = text.substr(marker + k_begin.size(), end - marker - k_begin.size());
    name = name.substr(0, 2) == ": " ? name.substr(2) : page;
    out.append(text.substr(at, end + k_end.size() - at)).append("\n").append(field_table_of(name));
    at = end + k_end.size();
    while (at < text.size() && (text[at] == '|' || (text[at] == '\n' && text.substr(at + 1, 1) == "|")))
      at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
}

}  // namespace gridplus
