// The block `microgrids`: parts of the grid that can live on their own.
#include "scenarios/decode_parts.hpp"

namespace gridplus::scenario {

namespace {

/// One name or a list of names.
std::vector<std::string> tie_names(Context& context, const Node& entry, const Path& place) {
  const Node* const node = entry.find("tie");
  const Path path(place, "tie");
  std::vector<std::string> names;
  if (node != nullptr && node->is_scalar() && !node->text.empty()) return {node->text};
  if (node != nullptr && node->is_list())
    for (std::size_t i = 0; i < node->items.size(); ++i)
      if (const auto text = decode_text(context, node->items[i], Path(path, i))) names.push_back(*text);
  if (names.empty())
    context.fail(node == nullptr ? entry.where() : node->where(), path, "no branch ties the microgrid to the grid",
                 "the name of a branch, or a list of names");
  return names;
}

}  // namespace

void decode_microgrids(Context& context, const Node& root, Spec& spec) {
  for_each_entry(context, root, "microgrids", Path(), [&](const Node& entry, const Path& place) {
    MicrogridEntry microgrid;
    microgrid.node = &entry;
    microgrid.name = entry_text(context, entry, "name", true, place);
    microgrid.bus = entry_text(context, entry, "bus", true, place);
    decode_section(context, section_fields<MicrogridSection>(), &microgrid.values, entry, place,
                   {"name", "bus", "tie", "black_start"}, microgrid.name);
    microgrid.ties = tie_names(context, entry, place);
    for_each_entry(context, entry, "black_start", place, [&](const Node& item, const Path& at) {
      StartEntry start;
      start.node = &item;
      start.unit = entry_text(context, item, "unit", true, at);
      decode_section(context, section_fields<StartSection>(), &start.values, item, at, {"unit"}, start.unit);
      microgrid.starts.push_back(std::move(start));
    });
    if (!microgrid.values.seamless && microgrid.starts.empty())
      context.fail(entry.find("seamless")->where(), Path(place, "seamless"), "nothing would start the microgrid",
                   "a list black_start, or seamless: true");
    spec.microgrids.push_back(std::move(microgrid));
  });
}

}  // namespace gridplus::scenario
