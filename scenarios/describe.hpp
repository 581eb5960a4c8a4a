// What a scenario may say, told from the field descriptions: for people (`gridplus models`), for the documentation, and
// as JSON schema for editors (`gridplus schema`).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/device/registry.hpp"

namespace gridplus {

/// All device models, one a line.
[[nodiscard]] std::string list_models();
/// One model, synthetic series or communication technology with its keys. Throws InputError that names near ones.
[[nodiscard]] std::string describe_model(std::string_view name);
/// All synthetic series with their keys.
[[nodiscard]] std::string describe_series();
/// All communication technologies with the values of their presets and the sources of these.
[[nodiscard]] std::string describe_technologies();
/// Keys, units, defaults, limits and meanings as a Markdown table.
[[nodiscard]] std::string field_table(std::span<const FieldInfo> fields);
/// The table of a device model, a synthetic series or a section (`grid.buses[]`). Throws InputError for any other name.
[[nodiscard]] std::string field_table_of(std::string_view name);
/// `text` with the tables below its markers brought up to date: `<!-- fields -->` stands for the model that the page is
/// about, `<!-- fields: NAME -->` for any other.
[[nodiscard]] std::string with_field_tables(std::string_view text, std::string_view page);
/// The JSON schema (draft 2020-12) of scenarios.
[[nodiscard]] std::string scenario_schema();

}  // namespace gridplus
