// What a study records of every member over time, as a text in its shards, so that they can be merged without the
// scenario.
#pragma once

#include <optional>
#include <string>

#include "output/reader.hpp"
#include "output/schema.hpp"

namespace gridplus::output {

/// The dataset of a shard that holds the text.
inline constexpr const char* k_series_group = "series";
inline constexpr const char* k_series_dataset = "layout";

[[nodiscard]] std::string series_to_text(const Schema& schema);
/// Of a shard; nothing where it has no series. Throws IoError where the text is none of ours.
[[nodiscard]] std::optional<Schema> read_series(const ResultsReader& shard);

/// Throws InputError where the model's steps or what is recorded of it differ from `schema`: such a member cannot stand
/// beside the others.
void check_series(const Schema& schema, const Model& model);

}  // namespace gridplus::output
