#include "sim/step/block.hpp"

namespace gridplus {

GroupBlock::GroupBlock(std::span<const VariableInfo> variables, std::size_t steps, std::size_t entities)
    : variables_(variables), steps_(steps), entities_(entities), values_(variables.size() * steps * entities, 0.0) {}

}  // namespace gridplus
