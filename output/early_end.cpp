#include "output/early_end.hpp"

namespace gridplus::output {

Schema shortened(Schema schema, std::int64_t steps) {
  schema.steps = steps;
  schema.rows = (steps + schema.every_steps - 1) / schema.every_steps;
  for (Attribute& attribute : schema.content.attributes)
    if (attribute.name == "steps") attribute.value = steps;
  for (Group& group : schema.content.groups) {
    for (Dimension& dimension : group.dimensions)
      if (dimension.name == "time") dimension.size = static_cast<std::uint64_t>(schema.rows);
    for (Dataset& dataset : group.datasets)
      if (dataset.name == "time" && dataset.dimensions == std::vector<std::string>{"time"})
        std::get<std::vector<std::int64_t>>(dataset.values).resize(static_cast<std::size_t>(schema.rows));
  }
  return schema;
}

}  // namespace gridplus::output
