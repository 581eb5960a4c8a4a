#include "output/row_buffer.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus::output {

namespace {

const GroupBlock& part_of(const StepBlock& block, Source::Part part) {
  switch (part) {
    case Source::Part::bus:
      return block.bus;
    case Source::Part::branch:
      return block.branch;
    case Source::Part::producer:
      return block.producer;
    case Source::Part::consumer:
      return block.consumer;
    case Source::Part::storage:
      return block.storage;
    case Source::Part::node:
      return block.node;
    case Source::Part::link:
      return block.link;
    case Source::Part::endpoint_class:
      return block.endpoint_class;
    case Source::Part::controller:
      return block.controller;
    case Source::Part::attack:
      return block.attack;
    default:
      return block.step;
  }
}

/// The values of a stream from `step` of the block on, [step][entity].
const double* values_of(const StepBlock& block, const Stream& stream, std::size_t step) {
  const Source& source = stream.source;
  if (source.part != Source::Part::model_state) {
    const GroupBlock& part = part_of(block, source.part);
    ensure(part.entities() == stream.entities, "a step block has other entities than the results file");
    return part.at(source.variable, step).data();
  }
  const auto found = std::ranges::find(block.model_states, source.model, &ModelStateBlock::model);
  ensure(
      found != block.model_states.end() && found->devices == stream.entities && source.variable < found->values.size(),
      "a step block lacks the states of the model " + source.model);
  return found->values[source.variable].data() + step * stream.entities;
}

void accumulate(Statistic statistic, std::span<double> row, const double* values) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    switch (statistic) {
      case Statistic::mean:
        row[i] += values[i];
        break;
      case Statistic::minimum:
        row[i] = std::fmin(row[i], values[i]);
        break;
      case Statistic::maximum:
        row[i] = std::fmax(row[i], values[i]);
        break;
      case Statistic::point:
      case Statistic::last:
        row[i] = values[i];
    }
  }
}

}  // namespace

RowBuffer::RowBuffer(const Schema& schema) : schema_(&schema) {
  std::size_t size = 0;
  for (const Stream& stream : schema.streams) {
    offset_.push_back(size);
    size += stream.entities * static_cast<std::size_t>(schema.chunk_rows);
  }
  values_.resize(size);
}

void RowBuffer::begin(std::int64_t first_row) {
  first_row_ = first_row;
  steps_ = 0;
  const std::int64_t first_step = first_row * schema_->every_steps;
  step_capacity_ =
      static_cast<std::size_t>(std::min(schema_->chunk_rows * schema_->every_steps, schema_->steps - first_step));
}

std::size_t RowBuffer::rows() const {
  const auto every = static_cast<std::size_t>(schema_->every_steps);
  return (steps_ + every - 1) / every;
}

std::span<const double> RowBuffer::stream(std::size_t index) const {
  return {values_.data() + offset_[index], rows() * schema_->streams[index].entities};
}

std::size_t RowBuffer::take(const StepBlock& block, std::size_t from) {
  const std::size_t count = std::min(block.count - from, step_capacity_ - steps_);
  if (schema_->every_steps == 1)
    take_rows(block, from, count);
  else
    for (std::size_t i = 0; i < count; ++i) take_step(block, from + i);
  return count;
}

void RowBuffer::take_rows(const StepBlock& block, std::size_t from, std::size_t count) {
  for (std::size_t s = 0; s < schema_->streams.size(); ++s) {
    const Stream& stream = schema_->streams[s];
    std::copy_n(values_of(block, stream, from), count * stream.entities, row_of(s, steps_));
  }
  steps_ += count;
}

void RowBuffer::take_step(const StepBlock& block, std::size_t step) {
  const auto every = static_cast<std::size_t>(schema_->every_steps);
  const std::size_t row = steps_ / every, in_row = steps_ % every;
  const bool row_ends = in_row + 1 == every || steps_ + 1 == step_capacity_;
  for (std::size_t s = 0; s < schema_->streams.size(); ++s) {
    const Stream& stream = schema_->streams[s];
    const double* values = values_of(block, stream, step);
    const std::span<double> cells{row_of(s, row), stream.entities};
    if (in_row == 0)
      std::copy_n(values, cells.size(), cells.begin());
    else
      accumulate(stream.statistic, cells, values);
    if (row_ends && stream.statistic == Statistic::mean)
      for (double& cell : cells) cell /= static_cast<double>(in_row + 1);
  }
  ++steps_;
}

void RowBuffer::end_early() {
  const auto every = static_cast<std::size_t>(schema_->every_steps);
  const std::size_t row = steps_ / every, in_row = steps_ % every;
  for (std::size_t s = 0; in_row > 0 && s < schema_->streams.size(); ++s)
    if (schema_->streams[s].statistic == Statistic::mean)
      for (double& cell : std::span(row_of(s, row), schema_->streams[s].entities)) cell /= static_cast<double>(in_row);
}

void RowBuffer::save(ByteWriter& out) const {
  out.put(first_row_);
  out.put(static_cast<std::uint64_t>(steps_));
  for (std::size_t s = 0; s < schema_->streams.size(); ++s) out.put(std::as_bytes(stream(s)));
}

void RowBuffer::restore(ByteReader& in) {
  begin(in.get<std::int64_t>());
  steps_ = in.get<std::uint64_t>();
  for (std::size_t s = 0; s < schema_->streams.size(); ++s) {
    const std::size_t count = rows() * schema_->streams[s].entities;
    const auto bytes = in.take(count * sizeof(double));
    std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(row_of(s, 0), count)).begin());
  }
}

}  // namespace gridplus::output
