// Which arrays the results of a model have: their groups, names, units, types and chunks, and from where in a step
// block each is filled. Depends on the model alone, so that every split of the work writes the same file.
#pragma once

#include <cstdint>
#include <vector>

#include "output/content.hpp"
#include "sim/step/block.hpp"
#include "sim/step/model.hpp"

namespace gridplus::output {

/// How the steps of a row become one value.
enum class Statistic : std::uint8_t {
  point,    ///< a row is a step
  mean,     ///< over the steps of the row
  minimum,  ///< NaN left aside
  maximum,  ///< NaN left aside
  last      ///< of the row's last step
};

/// Where a stream's values are in a StepBlock.
struct Source {
  enum class Part : std::uint8_t {
    bus,
    branch,
    producer,
    consumer,
    storage,
    step,
    node,
    link,
    endpoint_class,
    controller,
    attack,
    model_state
  } part = Part::bus;
  std::string model;         ///< of a model_state
  std::size_t variable = 0;  ///< index in the part
};

/// A variable over time: an array [row, entity] that is filled while the run goes on.
struct Stream {
  std::size_t group = 0, dataset = 0;  ///< in Schema::content
  Source source;
  Statistic statistic = Statistic::point;
  CellType type = CellType::float32;
  double resolution = 0.0;       ///< values are rounded to its multiples; 0: no such rounding
  int significant_bits = 0;      ///< values are rounded to so many; 0: no such rounding
  bool one_dimensional = false;  ///< [row], of a single entity
  std::size_t entities = 0;
  std::size_t chunk_columns = 0;  ///< entities in a chunk; the last chunk of a row may reach beyond them
  [[nodiscard]] std::size_t chunks() const { return (entities + chunk_columns - 1) / chunk_columns; }
};

struct Schema {
  Content content;
  std::vector<Stream> streams;
  std::int64_t steps = 0;
  std::int64_t every_steps = 1;  ///< steps of a row; the last row may have fewer
  std::int64_t rows = 0;
  std::int64_t chunk_rows = 1;  ///< rows in a chunk, the same for every stream
  std::size_t event_group = 0;  ///< the group of events in content
};

/// Cells of a stream's chunks: rows, and columns where it has them.
[[nodiscard]] std::vector<std::uint64_t> chunk_shape(const Schema& schema, const Stream& stream);

/// Checks `model.record` and lays the results out. Throws InputError for a group, variable or statistic that does not
/// exist; the message lists those that do.
[[nodiscard]] Schema make_schema(const Model& model);

/// The part of it that is over time, for the series of a study's members: groups hold their coordinates and streams
/// only. Buffers and chunks are small, for every member in the making has its own. Throws as make_schema.
[[nodiscard]] Schema make_series_schema(const Model& model);

}  // namespace gridplus::output
