// The rows of one block of chunks while they fill up: every stream's values, [row][entity].
#pragma once

#include <span>
#include <vector>

#include "output/byte_stream.hpp"
#include "output/schema.hpp"

namespace gridplus::output {

class RowBuffer {
 public:
  /// Holds schema.chunk_rows rows. `schema` must outlive it.
  explicit RowBuffer(const Schema& schema);

  /// Empties it; the next row is `first_row`, a multiple of schema.chunk_rows.
  void begin(std::int64_t first_row);

  /// Takes the steps of `block` from its `from`-th on, until the block ends or the buffer is full. Returns how many.
  std::size_t take(const StepBlock& block, std::size_t from);

  /// Makes a row that lacks steps one of the steps it has; nothing can be taken after it.
  void end_early();

  [[nodiscard]] bool full() const { return steps_ == step_capacity_; }
  [[nodiscard]] bool empty() const { return steps_ == 0; }
  [[nodiscard]] std::int64_t first_row() const { return first_row_; }
  /// Rows begun; the last may lack steps.
  [[nodiscard]] std::size_t rows() const;
  /// Values of a stream, [rows()][entities].
  [[nodiscard]] std::span<const double> stream(std::size_t index) const;

  /// Its content, a row that lacks steps included, and back.
  void save(ByteWriter& out) const;
  void restore(ByteReader& in);

 private:
  [[nodiscard]] double* row_of(std::size_t stream, std::size_t row) {
    return values_.data() + offset_[stream] + row * schema_->streams[stream].entities;
  }
  void take_rows(const StepBlock& block, std::size_t from, std::size_t count);
  void take_step(const StepBlock& block, std::size_t step);

  const Schema* schema_;
  std::vector<double> values_;
  std::vector<std::size_t> offset_;  ///< of each stream in values_
  std::int64_t first_row_ = 0;
  std::size_t steps_ = 0;  ///< taken since begin()
  std::size_t step_capacity_ = 0;
};

}  // namespace gridplus::output
